"""Every error Shelftalk raises, in one tree.

ShelftalkError
├── InputError                  what the caller gave cannot be used
│   ├── QuestionError           an empty or over-long question
│   ├── ScopeError              an unknown product, variant or kind
│   │   └── FilterError         a filter that is not of the grammar
│   ├── ConfigError             a setting that is unknown or out of range
│   ├── QaSetError              questions with gold that cannot be used
│   └── ReportError             a baseline or a gate that cannot be used
├── DocumentError               one document cannot be read; the others can
│   ├── UnknownFormatError      no loader for this kind of file
│   └── EmptyDocumentError      nothing but white space in it
├── IndexFolderError            the index folder cannot be used
│   ├── IndexMissingError       nothing was published there
│   ├── IndexDamagedError       a file is not the one that was published
│   ├── IndexMismatchError      made with another model or format
│   └── IndexLockedError        another writer is at work
├── ModelError
│   ├── ModelNotFoundError      neither local nor reachable
│   ├── ModelDamagedError       a model file is not the expected one
│   └── ModelExportError        it is of a kind that does not run as int8
├── GeneratorError              the language model failed while answering
├── StoreError                  feedback cannot be kept or read
├── CalibrationError            no threshold keeps the wanted error
└── StoppedError                whoever asked has left

Errors of other libraries (pypdf, lxml, FAISS, SQLite, transformers) are translated where they
arise, with the original as the cause; none of them leaves the package.
"""


class ShelftalkError(Exception):
    """Base of the tree. Its message says what came, what is allowed, and what to do."""


class InputError(ShelftalkError):
    """What the caller gave cannot be used."""


class QuestionError(InputError):
    """An empty or over-long question."""


class ScopeError(InputError):
    """A product, variant or kind the index does not know."""


class FilterError(ScopeError):
    """A filter that is not of the grammar."""


class ConfigError(InputError):
    """A setting that is unknown or out of range."""


class QaSetError(InputError):
    """A QA set that cannot be read, or that does not fit the index."""


class ReportError(InputError):
    """A baseline that is no report, or a gate that is none."""


class DocumentError(ShelftalkError):
    """One document cannot be read. The others still can."""


class UnknownFormatError(DocumentError):
    """No loader reads this kind of file."""


class EmptyDocumentError(DocumentError):
    """The document holds no text."""


class IndexFolderError(ShelftalkError):
    """The index folder cannot be used."""


class IndexMissingError(IndexFolderError):
    """No generation is published in the folder."""


class IndexDamagedError(IndexFolderError):
    """A file of the generation is not the one that was published."""


class IndexMismatchError(IndexFolderError):
    """The generation was made with another model or another format."""


class IndexLockedError(IndexFolderError):
    """Another writer holds the index folder."""


class ModelError(ShelftalkError):
    """A model cannot be used."""


class ModelNotFoundError(ModelError):
    """The model is neither local nor reachable."""


class ModelDamagedError(ModelError):
    """A model file is not the expected one."""


class ModelExportError(ModelError):
    """The model is of a kind that does not run as int8."""


class GeneratorError(ShelftalkError):
    """The language model failed while answering."""


class StoreError(ShelftalkError):
    """Feedback or an unanswered question cannot be kept or read."""


class CalibrationError(ShelftalkError):
    """No threshold of silence keeps the wanted error."""


class StoppedError(ShelftalkError):
    """Whoever asked has left; the answer was not finished."""
