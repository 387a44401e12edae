"""What all models of the WazuhCluster share: the base class and the types of single values.

``null`` is absent at every level, as in a template that leaves a field empty. Unknown fields are
ignored, since an old hook must survive a newer CRD; `app.schema.parse` names them.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StrictInt,
    StrictStr,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from app.kubernetes import quantity

SUBDOMAIN: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
QUANTITY: Final = r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$"
LABEL_KEY: Final = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
    r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"
)
#: Unlike those of labels, prefixes of annotations may hold capitals.
ANNOTATION_KEY: Final = (
    r"^([A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*/)?"
    r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"
)
LABEL_VALUE: Final = r"^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$"
KEY: Final = r"^[A-Za-z0-9._-]{1,253}$"
DURATION: Final = r"^[0-9]{1,9}[smhdw]?$"
HOST: Final = r"^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$"
_OCTET: Final = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4: Final = rf"{_OCTET}(\.{_OCTET}){{3}}"
_IPV6: Final = r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"
ADDRESS: Final = rf"^({_IPV4}|{_IPV6})$"
CIDR: Final = rf"^({_IPV4}/(3[0-2]|[12]?[0-9])|{_IPV6}/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))$"
IMAGE_NAME: Final = r"^[a-z0-9]([a-z0-9._:/-]*[a-z0-9])?$"
IMAGE_TAG: Final = r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}(@sha256:[a-f0-9]{64})?$"
IMAGE: Final = (
    r"^[a-z0-9]([A-Za-z0-9._:/-]*[A-Za-z0-9])?"
    r"(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[a-f0-9]{64})?$"
)
INDEX_PATTERN: Final = r"^[a-z0-9*][a-z0-9*._,:+-]*$"
INDEX_NAME: Final = r"^[a-z0-9][a-z0-9._-]*$"
DN_TEXT: Final = r"^[A-Za-z0-9]([A-Za-z0-9 .-]*[A-Za-z0-9.])?$"

#: Largest number of fields without an upper bound of their own.
INT32_MAX: Final = 2**31 - 1


def without_nulls(value: Any) -> Any:
    """``value`` without the keys of an object whose value is null, at its first level."""
    if isinstance(value, dict) and None in value.values():
        return {key: item for key, item in value.items() if item is not None}
    return value


class Model(BaseModel):
    """Base of all models: frozen, wire names in camelCase, null is absent.

    ``HIDDEN`` names inherited attributes that this class does not have on the wire: they keep
    their defaults and stand in no schema.
    """

    HIDDEN: ClassVar[frozenset[str]] = frozenset()

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        serialize_by_alias=True,
    )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """JSON schema of the model without its hidden fields."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        for name in cls.HIDDEN:
            schema["properties"].pop(cls.model_fields[name].alias or name)
        return schema

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        return without_nulls(value)


Name = Annotated[StrictStr, Field(min_length=1, max_length=253, pattern=SUBDOMAIN)]
KeyName = Annotated[StrictStr, Field(min_length=1, max_length=253, pattern=KEY)]
Host = Annotated[StrictStr, Field(min_length=1, max_length=253, pattern=HOST)]
Port = Annotated[StrictInt, Field(ge=1, le=65535)]
NodePort = Annotated[StrictInt, Field(ge=30000, le=32767)]
Count = Annotated[StrictInt, Field(ge=0, le=INT32_MAX)]
Positive = Annotated[StrictInt, Field(ge=1, le=INT32_MAX)]
Duration = Annotated[StrictStr, Field(max_length=10, pattern=DURATION)]
StorageSize = Annotated[
    StrictStr,
    Field(min_length=1, max_length=32, pattern=QUANTITY),
    AfterValidator(quantity.canonical),
]
IndexPattern = Annotated[StrictStr, Field(min_length=1, max_length=255, pattern=INDEX_PATTERN)]
IndexName = Annotated[StrictStr, Field(min_length=1, max_length=255, pattern=INDEX_NAME)]
Period = Literal["h", "d", "w", "m"]
DnText = Annotated[StrictStr, Field(min_length=1, max_length=64, pattern=DN_TEXT)]
LabelMap = Annotated[
    dict[StrictStr, Annotated[StrictStr, Field(max_length=63, pattern=LABEL_VALUE)]],
    Field(max_length=64, json_schema_extra={"x-key-pattern": LABEL_KEY}),
]
AnnotationMap = Annotated[
    dict[StrictStr, Annotated[StrictStr, Field(max_length=16384)]],
    Field(max_length=64, json_schema_extra={"x-key-pattern": ANNOTATION_KEY}),
]


class SecretKeyRef(Model):
    """A key of a Secret in the WazuhCluster's namespace."""

    name: Name = Field(description="Name of the Secret.")
    key: KeyName = Field(description="Key within the Secret.")


class PasswordKeyRef(SecretKeyRef):
    """A key of a Secret that holds a password."""

    key: KeyName = Field(
        default="password", description="Key within the Secret. Default: password."
    )


class CredentialsRef(Model):
    """User name and password in one Secret of the WazuhCluster's namespace."""

    secret_name: Name = Field(description="Name of the Secret.")
    username_key: KeyName = Field(
        default="username", description="Key of the user name. Default: username."
    )
    password_key: KeyName = Field(
        default="password", description="Key of the password. Default: password."
    )


class LocalObjectReference(Model):
    """An object of the WazuhCluster's namespace, by name."""

    name: Name = Field(description="Name of the object.")
