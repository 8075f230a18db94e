//! The named types that shapes refer to, and the calls by which `#[message]` describes one.
//! Two types of one name are told apart by a number, in the order in which they are met.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::marker::PhantomData;

use super::{Definition, Described, DescribedField, Field, Message, Shape, Variant, VariantBody};

/// The named types met so far.
#[derive(Debug, Default)]
pub struct Shapes {
    names: BTreeMap<TypeId, String>,
    definitions: BTreeMap<String, Option<Definition>>,
}

impl Shapes {
    /// No types yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Describes the struct `T`, called `name`, whose fields are `F`.
    #[doc(hidden)]
    pub fn structure<T: 'static, F: Described>(&mut self, name: &str, fields: &[&'static str]) -> Shape {
        self.define::<T>(name, |define| {
            define.structure(|to| {
                F::describe(fields, to);
            })
        })
    }

    /// Describes the type `T`, called `name`, by `describe`, unless it is known or being described already.
    pub fn define<T: 'static>(&mut self, name: &str, describe: impl FnOnce(Define<'_>) -> Definition) -> Shape {
        let id = TypeId::of::<T>();
        if let Some(name) = self.names.get(&id) {
            return Shape::Type(name.clone());
        }
        let mut unique = name.to_owned();
        let mut number = 2;
        while self.definitions.contains_key(&unique) {
            unique = format!("{name}{number}");
            number += 1;
        }
        // Known before it is described: a type that contains itself refers to this name.
        self.names.insert(id, unique.clone());
        self.definitions.insert(unique.clone(), None);
        let definition = describe(Define { shapes: self });
        self.definitions.insert(unique.clone(), Some(definition));
        Shape::Type(unique)
    }

    /// The definitions, by name.
    pub fn definitions(&self) -> impl Iterator<Item = (&str, &Definition)> {
        self.definitions.iter().filter_map(|(name, definition)| Some((name.as_str(), definition.as_ref()?)))
    }
}

/// What a named type is.
#[derive(Debug)]
pub struct Define<'a> {
    shapes: &'a mut Shapes,
}

impl<'a> Define<'a> {
    /// A struct, its fields described by `fields`.
    pub fn structure(self, fields: impl FnOnce(&mut Fields<'_>)) -> Definition {
        Definition::Struct(described(self.shapes, fields))
    }

    /// An enum whose variants hold nothing, stored and sent as text.
    #[must_use]
    pub fn enumeration(self, texts: &[&str]) -> Definition {
        Definition::Enumeration(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    /// An enum, its variants described by `variants`; in serde's form, that is `"A"`, `{"B": value}` or `{"C": {…}}`.
    pub fn choice(self, variants: impl FnOnce(&mut Variants<'_>)) -> Definition {
        let mut list = Variants { shapes: self.shapes, variants: Vec::new() };
        variants(&mut list);
        if list.variants.iter().all(|variant| variant.body.is_unit()) {
            return Definition::Enumeration(list.variants.into_iter().map(|variant| variant.name).collect());
        }
        Definition::Enum(list.variants)
    }
}

/// The fields of a struct, or of a variant.
#[derive(Debug)]
pub struct Fields<'a> {
    shapes: &'a mut Shapes,
    fields: Vec<Field>,
}

impl Fields<'_> {
    /// The next field.
    pub fn field<T: Message>(&mut self, name: &str) -> &mut Self {
        let shape = T::shape(self.shapes);
        let optional = matches!(shape, Shape::Option(_));
        self.fields.push(Field { name: name.to_owned(), shape, optional });
        self
    }

    /// The next field, which has a default: it may be left out.
    pub fn optional<T: Message>(&mut self, name: &str) -> &mut Self {
        let shape = T::shape(self.shapes);
        self.fields.push(Field { name: name.to_owned(), shape, optional: true });
        self
    }
}

/// The variants of an enum.
#[derive(Debug)]
pub struct Variants<'a> {
    shapes: &'a mut Shapes,
    variants: Vec<Variant>,
}

impl Variants<'_> {
    /// A variant that holds nothing.
    pub fn unit(&mut self, name: &str) -> &mut Self {
        self.push(name, VariantBody::Unit)
    }

    /// A variant that holds one value.
    pub fn newtype<T: Message>(&mut self, name: &str) -> &mut Self {
        let shape = T::shape(self.shapes);
        self.push(name, VariantBody::Newtype(shape))
    }

    /// A variant with named fields.
    pub fn structure(&mut self, name: &str, fields: impl FnOnce(&mut Fields<'_>)) -> &mut Self {
        let fields = described(self.shapes, fields);
        self.push(name, VariantBody::Struct(fields))
    }

    fn push(&mut self, name: &str, body: VariantBody) -> &mut Self {
        self.variants.push(Variant { name: name.to_owned(), body });
        self
    }
}

fn described(shapes: &mut Shapes, describe: impl FnOnce(&mut Fields<'_>)) -> Vec<Field> {
    let mut fields = Fields { shapes, fields: Vec::new() };
    describe(&mut fields);
    fields.fields
}

/// A field with a default, of this type: it may be left out.
#[doc(hidden)]
#[derive(Debug)]
pub struct Defaulted<T>(PhantomData<T>);

impl<T: Message> DescribedField for Defaulted<T> {
    fn describe(name: &str, fields: &mut Fields<'_>) {
        fields.optional::<T>(name);
    }
}
