"""Take uploads into files without a name, in memory where there is room: nothing lies on a disk for others to open."""

import tempfile
from typing import BinaryIO

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

from zhiheng.vault import private
from zhiheng.web.access import most_upload_bytes


class PrivateUploadHandler(FileUploadHandler):
    """Files stand in the private folder, where nobody can open them by name, and are gone with the request.

    Only an address that takes files, from somebody who may open it, is sent any: else everybody who reaches the server
    could fill its memory.
    """

    def __init__(self, request=None) -> None:
        super().__init__(request)
        self._file: BinaryIO | None = None
        self._received = 0

    def new_file(self, *arguments, **named) -> None:
        super().new_file(*arguments, **named)
        self._most = most_upload_bytes(self.request)
        if not self._most:
            raise StopUpload(connection_reset=True)
        self._file = tempfile.TemporaryFile(dir=private.made_root())  # noqa: SIM115  (closed with the request)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._received += len(raw_data)
        if self._received > self._most:
            raise StopUpload(connection_reset=True)
        self._file.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        self._file.seek(0)
        return UploadedFile(
            self._file, self.file_name, self.content_type, file_size, self.charset, self.content_type_extra
        )
