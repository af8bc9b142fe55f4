"""`/documents/{id}`: changing what is kept with a document, stopping work on it, starting it anew."""

from http import HTTPStatus

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.attributes import Attributes
from api.documents import find_document, no_document, shown_document
from api.permissions import GuardedRoute, MayWork
from api.progress import DocumentBody
from api.services import Opened
from ingest import cancel, change_attributes, retry

router = APIRouter(tags=["documents"], route_class=GuardedRoute)


class AttributesForm(BaseModel):
    """What is to be kept with a document."""

    model_config = ConfigDict(extra="forbid")

    attributes: Attributes = Field(description="In place of the present ones.", examples=[{"year": 2024}])


@router.post("/documents/{document_id}")
async def update_document(document_id: str, form: AttributesForm, services: Opened, caller: MayWork) -> DocumentBody:
    """Replace a document's attributes; filters follow them from the answer on, and nothing is embedded again."""
    document = await find_document(services, caller, document_id)
    if not await change_attributes(services.records, services.vectors, document.id, form.attributes):
        raise no_document(document_id)
    return await shown_document(services, caller, document_id)


@router.post("/documents/{document_id}/cancel")
async def cancel_document(document_id: str, services: Opened, caller: MayWork) -> DocumentBody:
    """Stop the work on a document, whether it waits or is under way. A version that can be found stays."""
    document = await find_document(services, caller, document_id)
    lease_seconds = services.settings.ingest.lease_seconds
    await cancel(services.records, services.vectors, document, lease_seconds=lease_seconds)
    return await shown_document(services, caller, document_id)


@router.post("/documents/{document_id}/retry", status_code=HTTPStatus.ACCEPTED)
async def retry_document(document_id: str, services: Opened, caller: MayWork) -> DocumentBody:
    """Queue a document anew that failed or was cancelled; one that waits or is in work is left alone."""
    await retry(services.records, await find_document(services, caller, document_id))
    services.wake_worker()
    return await shown_document(services, caller, document_id)
