//! The structural hash of a signature: equal where calls of one release are understood by another. Names of types do not
//! count, names of arguments and fields do. In: a signature and the named types. Out: hex.

use std::collections::BTreeMap;

use cell_manifest::{Definition, Field, Parameter, Shape, Signature, Variant, VariantBody};

/// 128 bits: far beyond chance among the handlers of all releases, and short enough to read.
const HEX_DIGITS: usize = 32;

/// The hash of a signature.
pub(super) fn of(signature: &Signature, types: &BTreeMap<String, Definition>) -> String {
    let mut numbering = Numbering { types, numbers: BTreeMap::new(), found: Vec::new() };
    let signature = Signature {
        arguments: signature
            .arguments
            .iter()
            .map(|argument| Parameter { name: argument.name.clone(), shape: numbering.shape(&argument.shape) })
            .collect(),
        result: numbering.shape(&signature.result),
        error: signature.error.as_ref().map(|error| numbering.shape(error)),
    };
    let mut definitions = Vec::new();
    // Describing one definition may find the next.
    while let Some(name) = numbering.found.get(definitions.len()).cloned() {
        definitions.push(types.get(&name).map(|definition| numbering.definition(definition)));
    }
    // Shapes hold no maps and no floats, so serde_json cannot fail and has one text for each.
    let text = serde_json::to_vec(&(signature, definitions)).unwrap_or_default();
    blake3::hash(&text).to_hex().chars().take(HEX_DIGITS).collect()
}

/// Replaces the names of types by numbers in the order in which they are met. So a renamed type has the same hash, a type
/// that contains itself has one, and a type that is used often is described once.
struct Numbering<'a> {
    types: &'a BTreeMap<String, Definition>,
    numbers: BTreeMap<String, usize>,
    found: Vec<String>,
}

impl Numbering<'_> {
    fn shape(&mut self, shape: &Shape) -> Shape {
        match shape {
            Shape::Type(name) if self.types.contains_key(name) => {
                let next = self.found.len();
                let number = *self.numbers.entry(name.clone()).or_insert(next);
                if number == next {
                    self.found.push(name.clone());
                }
                Shape::Type(number.to_string())
            }
            Shape::Option(inner) => Shape::Option(Box::new(self.shape(inner))),
            Shape::List(inner) => Shape::List(Box::new(self.shape(inner))),
            Shape::Set(inner) => Shape::Set(Box::new(self.shape(inner))),
            Shape::Map(inner) => Shape::Map(Box::new(self.shape(inner))),
            Shape::Tuple(items) => Shape::Tuple(items.iter().map(|item| self.shape(item)).collect()),
            plain => plain.clone(),
        }
    }

    fn definition(&mut self, definition: &Definition) -> Definition {
        match definition {
            Definition::Struct(fields) => Definition::Struct(self.fields(fields)),
            Definition::Enumeration(values) => Definition::Enumeration(values.clone()),
            Definition::Enum(variants) => Definition::Enum(
                variants
                    .iter()
                    .map(|variant| Variant {
                        name: variant.name.clone(),
                        body: match &variant.body {
                            VariantBody::Unit => VariantBody::Unit,
                            VariantBody::Newtype(shape) => VariantBody::Newtype(self.shape(shape)),
                            VariantBody::Struct(fields) => VariantBody::Struct(self.fields(fields)),
                        },
                    })
                    .collect(),
            ),
        }
    }

    fn fields(&mut self, fields: &[Field]) -> Vec<Field> {
        fields
            .iter()
            .map(|field| Field { name: field.name.clone(), shape: self.shape(&field.shape), optional: field.optional })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use cell_manifest::{Definition, Field, Shape, Signature};

    use super::of;

    fn tree(name: &str, field: &str) -> String {
        let children = Shape::List(Box::new(Shape::Type(name.to_owned())));
        let fields = vec![Field { name: field.to_owned(), shape: children, optional: false }];
        let types = BTreeMap::from([(name.to_owned(), Definition::Struct(fields))]);
        of(&Signature { arguments: Vec::new(), result: Shape::Type(name.to_owned()), error: None }, &types)
    }

    #[test]
    fn a_renamed_type_has_the_same_hash_and_a_renamed_field_another() {
        assert_eq!(tree("Tree", "children"), tree("Forest", "children"));
        assert_ne!(tree("Tree", "children"), tree("Tree", "branches"));
        assert_eq!(tree("Tree", "children").len(), 32);
    }
}
