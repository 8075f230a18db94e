//! Names parts of values, as patterns do. In: a pattern and what is known of a value. Out: locals.

use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Member, Pat};

use super::frame::Frame;
use super::value::Value;
use crate::program::names::Namespace;

/// Variants that hold nothing but what was given.
const PASSING: [&str; 7] = ["Borrowed", "Break", "Continue", "Ok", "Owned", "Ready", "Some"];

impl Frame<'_, '_> {
    pub(super) fn bind(&mut self, pat: &Pat, value: Value) {
        match pat {
            // A variant or a constant, of which no name comes.
            Pat::Ident(ident) if self.is_constant(&ident.ident) => {}
            Pat::Ident(ident) => {
                if let Some((_, inner)) = &ident.subpat {
                    self.bind(inner, value.clone());
                }
                if let Some(scope) = self.scopes.last_mut() {
                    scope.insert(ident.ident.unraw().to_string(), value);
                }
            }
            Pat::Type(typed) => {
                let declared = self.type_value(&typed.ty);
                // A type that hides a handle does not make it go away.
                let hides = !self.carries(&value).is_subset(&self.carries(&declared));
                let value = if hides || declared.is_open() && value != Value::Plain { value } else { declared };
                self.bind(&typed.pat, value);
            }
            Pat::Guard(guard) => {
                self.bind(&guard.pat, value);
                self.eval(&guard.guard);
            }
            Pat::Or(or) => or.cases.iter().for_each(|case| self.bind(case, value.clone())),
            Pat::Paren(paren) => self.bind(&paren.pat, value),
            Pat::Reference(reference) => self.bind(&reference.pat, value),
            Pat::Slice(slice) => {
                let each = value.inner();
                slice.elems.iter().for_each(|part| self.bind(part, each.clone()));
            }
            Pat::Tuple(tuple) => {
                let whole = !tuple.elems.iter().any(|part| matches!(part, Pat::Rest(_)));
                match &value {
                    Value::Tuple(values) if whole && values.len() == tuple.elems.len() => {
                        for (part, value) in tuple.elems.iter().zip(values) {
                            self.bind(part, value.clone());
                        }
                    }
                    _ => {
                        let part = self.some_part(&value);
                        tuple.elems.iter().for_each(|pat| self.bind(pat, part.clone()));
                    }
                }
            }
            Pat::TupleStruct(variant) => {
                let name = variant.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
                for (at, pat) in variant.elems.iter().enumerate() {
                    let part = if PASSING.contains(&name.as_str()) {
                        value.clone().inner()
                    } else if name == "Err" {
                        Value::Plain
                    } else {
                        self.named_part(&value, &at.to_string())
                    };
                    self.bind(pat, part);
                }
            }
            Pat::Struct(fields) => {
                let value = value.innermost();
                for field in &fields.fields {
                    let part = match &field.member {
                        Member::Named(ident) => match &value {
                            Value::Database(_) => self.part(&value, &ident.unraw().to_string(), field.span()),
                            _ => self.named_part(&value, &ident.unraw().to_string()),
                        },
                        Member::Unnamed(index) => self.named_part(&value, &index.index.to_string()),
                    };
                    self.bind(&field.pat, part);
                }
            }
            _ => {}
        }
    }

    fn is_constant(&self, ident: &syn::Ident) -> bool {
        let begins = ident.to_string().starts_with(char::is_uppercase);
        let found = || self.tracer.world.program.define(self.module, Namespace::Value, &syn::Path::from(ident.clone()));
        begins && (ident == "None" || found().is_some())
    }

    /// A field by name or number, where the type has it; else what may be any part.
    fn named_part(&self, value: &Value, name: &str) -> Value {
        let value = &value.clone().innermost();
        let field = match value {
            Value::Typed(path) => self.tracer.world.field(path, name),
            Value::Rows(row) => Some(self.column(*row, name)),
            _ => None,
        };
        field.unwrap_or_else(|| self.some_part(value))
    }

    /// What any part of a value may be.
    fn some_part(&self, value: &Value) -> Value {
        match value {
            Value::Rows(_) | Value::Unknown => value.clone(),
            _ => Value::carrier(self.carries(value)),
        }
    }
}
