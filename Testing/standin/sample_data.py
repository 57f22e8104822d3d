"""`SampleData`: modules register data sets, and tests load those that lie on this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import slicer

from standin.facade import install_module


class SampleDataSource:
    """One data set of one or more files; lists of files have one entry per file everywhere."""

    def __init__(
        self,
        sampleName: str | None = None,
        sampleDescription: str | None = None,
        uris: str | list[str] | None = None,
        fileNames: str | list[str] | None = None,
        nodeNames: str | list[str] | None = None,
        checksums: str | list[str] | None = None,
        loadFiles: bool | list[bool] | None = None,
        customDownloader: Callable | None = None,
        thumbnailFileName: str | None = None,
        loadFileType: str | list[str] | None = None,
        loadFileProperties: dict | None = None,
    ) -> None:
        if uris is None:
            raise TypeError(f"the sample data set {sampleName} has no uris; Slicer needs one, whatever it is")
        self.sampleName, self.sampleDescription = sampleName, sampleDescription or sampleName
        self.uris = [uris] if isinstance(uris, str) else list(uris)
        self.fileNames, self.nodeNames, self.checksums, self.loadFiles, self.loadFileType = (
            _per_file(value, len(self.uris))
            for value in (fileNames, nodeNames, checksums, loadFiles, loadFileType)
        )
        self.customDownloader, self.thumbnailFileName = customDownloader, thumbnailFileName
        self.loadFileProperties = dict(loadFileProperties or {})


class SampleDataLogic:
    """Keeps `slicer.modules.sampleDataSources`: category -> sources."""

    @staticmethod
    def registerCustomSampleDataSource(
        category: str = "Custom",
        sampleName: str | None = None,
        uris: str | list[str] | None = None,
        fileNames: str | list[str] | None = None,
        nodeNames: str | list[str] | None = None,
        customDownloader: Callable | None = None,
        thumbnailFileName: str | None = None,
        loadFileType: str | list[str] = "VolumeFile",
        loadFiles: bool | list[bool] | None = None,
        loadFileProperties: dict | None = None,
        checksums: str | list[str] | None = None,
    ) -> None:
        """Add a data set, unless it is there already; ValueError if its thumbnail is not there."""
        if thumbnailFileName is not None and not Path(thumbnailFileName).is_file():
            raise ValueError(f"thumbnail of {sampleName} is not there: {thumbnailFileName}")
        source = SampleDataSource(
            sampleName,
            uris=uris,
            fileNames=fileNames,
            nodeNames=nodeNames,
            checksums=checksums,
            loadFiles=loadFiles,
            customDownloader=customDownloader,
            thumbnailFileName=thumbnailFileName,
            loadFileType=loadFileType,
            loadFileProperties=loadFileProperties,
        )
        sources = slicer.modules.sampleDataSources.setdefault(category, [])
        if all(vars(other) != vars(source) for other in sources):
            sources.append(source)

    def downloadSamples(self, sampleName: str) -> list[Any]:
        """Nodes of the registered data set of this name; KeyError if there is none."""
        for sources in slicer.modules.sampleDataSources.values():
            for source in sources:
                if source.sampleName == sampleName:
                    return self.downloadFromSource(source)
        raise KeyError(f"no sample data set is called {sampleName!r}")

    def downloadFromSource(self, source: SampleDataSource) -> list[Any]:
        """Load what lies on this machine; ValueError for an address that would need the network.

        As in Slicer, a data set's own function is not asked: only its button in the panel calls it.
        """
        loaded = []
        for uri, node_name, kind, checksum in zip(
            source.uris, source.nodeNames, source.loadFileType, source.checksums, strict=True
        ):
            if urlsplit(uri).scheme != "file":
                raise ValueError(f"the stand-in downloads nothing: {uri}")
            properties = {**source.loadFileProperties, **({"name": node_name} if node_name else {})}
            path = url2pathname(urlsplit(uri).path)
            _check(path, checksum)
            loaded.append(slicer.util.loadNodeFromFile(path, kind or "VolumeFile", properties))
        return loaded


def press_button(sampleName: str) -> None:
    """What the button of a data set does in the panel of Sample Data; KeyError if there is none."""
    for source in (source for sources in slicer.modules.sampleDataSources.values() for source in sources):
        if source.sampleName == sampleName:
            (source.customDownloader or SampleDataLogic().downloadFromSource)(source)
            return
    raise KeyError(f"no sample data set is called {sampleName!r}")


def downloadSample(sampleName: str) -> Any:
    """The first node of a registered data set."""
    return SampleDataLogic().downloadSamples(sampleName)[0]


def downloadSamples(sampleName: str) -> list[Any]:
    """All nodes of a registered data set."""
    return SampleDataLogic().downloadSamples(sampleName)


def _check(path: str, checksum: str | None) -> None:
    if checksum is not None:
        algorithm, _, digest = checksum.partition(":")
        if hashlib.new(algorithm, Path(path).read_bytes()).hexdigest() != digest:
            raise ValueError(f"{path} has another checksum than {checksum}")


def _per_file(value: Any, count: int) -> list[Any]:
    values = list(value) if isinstance(value, list | tuple) else [value] * count
    if len(values) != count:
        raise ValueError(f"a sample data set of {count} files needs as many entries, got {values}")
    return values


def install() -> None:
    """Make `SampleData` importable."""
    slicer.modules.sampleDataSources = {}
    parts = (SampleDataSource, SampleDataLogic, downloadSample, downloadSamples)
    install_module("SampleData", __doc__, {part.__name__: part for part in parts})
