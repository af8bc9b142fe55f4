"""What passing calls on costs, beside other relays, in one run; see README.md of the folder above."""
