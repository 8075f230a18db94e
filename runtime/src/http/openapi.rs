//! The OpenAPI 3.1 description of a process's doors.
//! In: the doors and the shapes of their arguments and results. Out: JSON, the same bytes for the same doors.

use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem, PathsBuilder,
};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, ArrayItems, KnownFormat, ObjectBuilder, OneOfBuilder, SchemaFormat, SchemaType,
    Type,
};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApiBuilder, Ref, RefOr, Required, Response, ResponseBuilder,
    Schema,
};

use super::routes::{Opened, Routes};
use super::{Method, Problem};
use crate::Result;
use crate::message::{Definition, Field, Shape, Shapes, Variant, VariantBody};
use crate::service::Argument;

/// Describes the doors of the application `title`, `version`.
///
/// # Errors
/// The description cannot be written as JSON.
pub(crate) fn describe(routes: &Routes, title: &str, version: &str) -> Result<String> {
    let mut shapes = Shapes::new();
    let problem = response("The problem", "application/problem+json", problem(&mut shapes));
    let mut paths = PathsBuilder::new();
    for opened in routes.opened() {
        let operation = operation(opened, &mut shapes);
        paths = paths.path(opened.door.path, PathItem::new(method(opened.door.method), operation));
    }
    let mut components = ComponentsBuilder::new().response("Problem", problem);
    for (name, definition) in shapes.definitions() {
        components = components.schema(name, defined(definition));
    }
    let document = OpenApiBuilder::new()
        .info(InfoBuilder::new().title(title).version(version))
        .paths(paths)
        .components(Some(components.build()))
        .build();
    Ok(document.to_pretty_json()?)
}

/// The schema of problem documents, which stands first so that its name is its own.
fn problem(shapes: &mut Shapes) -> RefOr<Schema> {
    schema(&shapes.define::<Problem>("Problem", |define| {
        define.structure(|fields| {
            fields
                .field::<String>("type")
                .field::<String>("title")
                .field::<u16>("status")
                .field::<Option<String>>("detail")
                .field::<Option<String>>("argument")
                .field::<Option<String>>("instance");
        })
    }))
}

fn operation(opened: &Opened, shapes: &mut Shapes) -> OperationBuilder {
    let door = &opened.door;
    let mut operation =
        OperationBuilder::new().operation_id(Some(format!("{}.{}", door.cell, door.handler.name))).tag(door.cell);
    for name in &opened.names {
        if let Some(argument) = door.handler.arguments.iter().find(|argument| argument.name == *name) {
            operation = operation.parameter(parameter(argument, ParameterIn::Path, shapes));
        }
    }
    if door.method.has_body() {
        operation = operation.request_body(body(opened, shapes));
    } else {
        for argument in opened.rest() {
            operation = operation.parameter(parameter(argument, ParameterIn::Query, shapes));
        }
    }
    let result = (door.handler.result)(shapes);
    let (result, may_be_missing) = match result {
        Shape::Option(inner) => (*inner, true),
        plain => (plain, false),
    };
    operation = match result {
        Shape::Unit => operation.response("204", Response::new("Done")),
        Shape::Html => operation.response("200", response("A page", "text/html", schema(&Shape::String))),
        json => operation.response("200", response("The result", "application/json", schema(&json))),
    };
    // Each status that a client should expect, and any other; all are told alike.
    let problem = || Ref::from_response_name("Problem");
    if !door.handler.arguments.is_empty() {
        operation = operation.response("400", problem());
    }
    if may_be_missing {
        operation = operation.response("404", problem());
    }
    operation.response("default", problem())
}

fn response(description: &str, media: &str, schema: RefOr<Schema>) -> Response {
    ResponseBuilder::new()
        .description(description)
        .content(media, ContentBuilder::new().schema(Some(schema)).build())
        .build()
}

fn parameter(argument: &Argument, place: ParameterIn, shapes: &mut Shapes) -> Parameter {
    let shape = (argument.shape)(shapes);
    // A list may be empty, which in a query is to be missing.
    let optional = matches!(shape, Shape::Option(_) | Shape::List(_) | Shape::Set(_));
    let shape = match shape {
        Shape::Option(inner) => *inner,
        plain => plain,
    };
    ParameterBuilder::new()
        .name(argument.name)
        .parameter_in(place)
        .required(if optional { Required::False } else { Required::True })
        .schema(Some(schema(&shape)))
        .build()
}

/// The body: the one argument, or an object of several.
fn body(opened: &Opened, shapes: &mut Shapes) -> Option<RequestBody> {
    let arguments: Vec<Field> = opened
        .rest()
        .map(|argument| {
            let shape = (argument.shape)(shapes);
            let optional = matches!(shape, Shape::Option(_));
            Field { name: argument.name.to_owned(), shape, optional }
        })
        .collect();
    let (schema, required) = match arguments.as_slice() {
        [] => return None,
        [whole] => (schema(&whole.shape), !whole.optional),
        several => (object(several).into(), several.iter().any(|field| !field.optional)),
    };
    let required = if required { Required::True } else { Required::False };
    let content = ContentBuilder::new().schema(Some(schema)).build();
    Some(RequestBodyBuilder::new().content("application/json", content).required(Some(required)).build())
}

fn method(method: Method) -> HttpMethod {
    match method {
        Method::Get => HttpMethod::Get,
        Method::Post => HttpMethod::Post,
        Method::Put => HttpMethod::Put,
        Method::Patch => HttpMethod::Patch,
        Method::Delete => HttpMethod::Delete,
    }
}

fn defined(definition: &Definition) -> Schema {
    match definition {
        Definition::Struct(fields) => object(fields),
        Definition::Enumeration(texts) => {
            ObjectBuilder::new().schema_type(Type::String).enum_values(Some(texts.clone())).into()
        }
        Definition::Enum(variants) => {
            let one_of = variants.iter().fold(OneOfBuilder::new(), |one_of, next| one_of.item(variant(next)));
            one_of.into()
        }
    }
}

/// A variant in serde's form: its name, or an object of its name and what it holds.
fn variant(variant: &Variant) -> Schema {
    let held = match &variant.body {
        VariantBody::Unit => {
            return ObjectBuilder::new().schema_type(Type::String).enum_values(Some([variant.name.clone()])).into();
        }
        VariantBody::Newtype(shape) => schema(shape),
        VariantBody::Struct(fields) => object(fields).into(),
    };
    ObjectBuilder::new().property(&variant.name, held).required(&variant.name).into()
}

fn object(fields: &[Field]) -> Schema {
    let object = fields.iter().fold(ObjectBuilder::new(), |object, field| {
        let object = object.property(&field.name, schema(&field.shape));
        if field.optional { object } else { object.required(&field.name) }
    });
    object.into()
}

fn schema(shape: &Shape) -> RefOr<Schema> {
    let plain = |ty| ObjectBuilder::new().schema_type(ty);
    let known = |ty, format| plain(ty).format(Some(SchemaFormat::KnownFormat(format)));
    let custom = |ty, format: &str| plain(ty).format(Some(SchemaFormat::Custom(format.to_owned())));
    let object: ObjectBuilder = match shape {
        Shape::Unit => plain(Type::Null),
        Shape::Bool => plain(Type::Boolean),
        Shape::I8 => plain(Type::Integer).minimum(Some(i8::MIN)).maximum(Some(i8::MAX)),
        Shape::I16 => plain(Type::Integer).minimum(Some(i16::MIN)).maximum(Some(i16::MAX)),
        Shape::I32 => known(Type::Integer, KnownFormat::Int32),
        Shape::I64 => known(Type::Integer, KnownFormat::Int64),
        Shape::U8 => plain(Type::Integer).minimum(Some(0)).maximum(Some(u8::MAX)),
        Shape::U16 => plain(Type::Integer).minimum(Some(0)).maximum(Some(u16::MAX)),
        Shape::U32 => known(Type::Integer, KnownFormat::Int64).minimum(Some(0)).maximum(Some(u32::MAX)),
        Shape::U64 => custom(Type::Integer, "uint64").minimum(Some(0)),
        Shape::F32 => known(Type::Number, KnownFormat::Float),
        Shape::F64 => known(Type::Number, KnownFormat::Double),
        Shape::Char => plain(Type::String).min_length(Some(1)).max_length(Some(1)),
        Shape::String | Shape::Html => plain(Type::String),
        Shape::Uuid => custom(Type::String, "uuid"),
        Shape::Instant => known(Type::String, KnownFormat::DateTime),
        Shape::Date => known(Type::String, KnownFormat::Date),
        Shape::Time => known(Type::String, KnownFormat::Time),
        // A text, since a JSON number may lose digits on its way.
        Shape::Decimal => custom(Type::String, "decimal"),
        Shape::Json => plain(Type::Object).schema_type(SchemaType::AnyValue),
        Shape::Map(value) => {
            ObjectBuilder::new().additional_properties(Some(AdditionalProperties::RefOr(schema(value))))
        }
        Shape::Option(inner) => {
            return Schema::from(OneOfBuilder::new().item(plain(Type::Null)).item(schema(inner))).into();
        }
        Shape::List(item) => return Schema::from(ArrayBuilder::new().items(items(item))).into(),
        Shape::Set(item) => return Schema::from(ArrayBuilder::new().items(items(item)).unique_items(true)).into(),
        Shape::Tuple(parts) => {
            let parts: Vec<Schema> = parts.iter().map(inline).collect();
            let length = Some(parts.len());
            let array = ArrayBuilder::new().items(ArrayItems::False).prefix_items(parts);
            return Schema::from(array.min_items(length).max_items(length)).into();
        }
        Shape::Type(name) => return Ref::from_schema_name(name).into(),
    };
    Schema::from(object).into()
}

fn items(shape: &Shape) -> ArrayItems {
    ArrayItems::RefOrSchema(Box::new(schema(shape)))
}

/// As [`schema`], where a reference is not possible: one of one.
fn inline(shape: &Shape) -> Schema {
    match schema(shape) {
        RefOr::T(schema) => schema,
        reference @ RefOr::Ref(_) => OneOfBuilder::new().item(reference).into(),
    }
}
