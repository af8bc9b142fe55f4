"""`footnote eval`: measuring search and answers on questions whose documents or answers are known."""
