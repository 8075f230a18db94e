//! Conditional compilation: what `#[cfg]` and `#[cfg_attr]` mean in this build.
//! In: what `rustc --print cfg` says, a package's features, an item's attributes. Out: whether the item is there, whether that
//! hangs on the build, and its attributes with every `cfg_attr` unfolded.
//! Absent: what a build script sets with `rustc-cfg`, which is known only after it ran; the records show where that matters.

use std::collections::BTreeSet;

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Ident, LitStr, Meta, Token, token};

/// What is set in a build.
#[derive(Clone, Debug, Default)]
pub(super) struct Cfg {
    names: BTreeSet<String>,
    values: BTreeSet<(String, String)>,
}

impl Cfg {
    /// Reads the lines of `rustc --print cfg`: `unix`, `target_os="linux"`.
    pub(super) fn parse(lines: &str) -> Self {
        let mut cfg = Self::default();
        for line in lines.lines() {
            match line.split_once('=') {
                Some((name, value)) => cfg.set_value(name, value.trim_matches('"')),
                None => cfg.set(line, true),
            }
        }
        cfg
    }

    pub(super) fn set(&mut self, name: &str, set: bool) {
        if set {
            self.names.insert(name.to_owned());
        } else {
            self.names.remove(name);
        }
    }

    pub(super) fn set_value(&mut self, name: &str, value: &str) {
        self.values.insert((name.to_owned(), value.to_owned()));
    }

    /// Leaves this as the name's one value.
    pub(super) fn set_only_value(&mut self, name: &str, value: &str) {
        self.values.retain(|(known, _)| known != name);
        self.set_value(name, value);
    }

    /// With a package's features.
    pub(super) fn with_features(&self, features: &[String]) -> Self {
        let mut cfg = self.clone();
        for feature in features {
            cfg.set_value("feature", feature);
        }
        cfg
    }

    fn holds(&self, predicate: &Predicate) -> bool {
        match predicate {
            Predicate::Constant(value) => *value,
            Predicate::Name(name) => self.names.contains(name),
            Predicate::Value(name, value) => self.values.contains(&(name.clone(), value.clone())),
            Predicate::Not(inner) => !self.holds(inner),
            Predicate::All(all) => all.iter().all(|inner| self.holds(inner)),
            Predicate::Any(any) => any.iter().any(|inner| self.holds(inner)),
        }
    }

    /// Unfolds an item's attributes.
    pub(super) fn unfold(&self, attributes: &[Attribute]) -> Unfolded {
        let mut unfolded = Unfolded { presence: Presence::Always, attributes: Vec::new() };
        for attribute in attributes {
            self.unfold_one(attribute, true, None, &mut unfolded);
        }
        unfolded
    }

    fn unfold_one(&self, attribute: &Attribute, active: bool, condition: Option<Span>, unfolded: &mut Unfolded) {
        let span = condition.unwrap_or_else(|| attribute.span());
        if attribute.path().is_ident("cfg") {
            // rustc refuses what does not parse, in better words than ours.
            let Ok(predicate) = attribute.parse_args_with(Predicate::parse_alone) else { return };
            // `cfg_attr(a, cfg(b))` says the same as `cfg(any(not(a), b))`.
            let holds = !active || self.holds(&predicate);
            let presence = match (condition, predicate.outside_tests()) {
                (None, Some(true)) => Presence::Always,
                (None, Some(false)) => Presence::Never,
                (_, _) => Presence::Depends { holds, span },
            };
            unfolded.presence = unfolded.presence.and(presence);
        } else if attribute.path().is_ident("cfg_attr") {
            let Ok(Conditional { predicate, attributes }) = attribute.parse_args::<Conditional>() else { return };
            let (active, condition) = match predicate.outside_tests() {
                Some(false) => return,
                Some(true) => (active, condition),
                None => (active && self.holds(&predicate), Some(span)),
            };
            for meta in attributes {
                let inner = Attribute { meta, ..attribute.clone() };
                self.unfold_one(&inner, active, condition, unfolded);
            }
        } else {
            unfolded.attributes.push(Unconditional { attribute: attribute.clone(), active, condition });
        }
    }
}

/// An item's attributes without `cfg` and `cfg_attr`.
pub(super) struct Unfolded {
    pub(super) presence: Presence,
    pub(super) attributes: Vec<Unconditional>,
}

impl Unfolded {
    /// Those that this build has.
    pub(super) fn active(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().filter(|attribute| attribute.active).map(|attribute| &attribute.attribute)
    }
}

/// An attribute, taken out of the `cfg_attr` around it.
#[derive(Clone)]
pub(super) struct Unconditional {
    pub(super) attribute: Attribute,
    /// Whether this build has it.
    pub(super) active: bool,
    /// The place of the `cfg_attr`, where it hangs on more than `test`.
    pub(super) condition: Option<Span>,
}

/// Whether an item is there. Tests are not counted: what only they have is never there.
#[derive(Clone, Copy)]
pub(super) enum Presence {
    Always,
    Never,
    /// It depends on the build.
    Depends {
        /// In this one it is there.
        holds: bool,
        /// The place of the condition.
        span: Span,
    },
}

impl Presence {
    /// Whether this build has the item.
    pub(super) fn holds(self) -> bool {
        matches!(self, Self::Always | Self::Depends { holds: true, .. })
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            (Self::Always, presence) | (presence, Self::Always) => presence,
            (Self::Depends { holds: first, span }, Self::Depends { holds: second, .. }) => {
                Self::Depends { holds: first && second, span }
            }
        }
    }
}

/// What stands in `cfg(…)`.
enum Predicate {
    Constant(bool),
    Name(String),
    Value(String, String),
    Not(Box<Predicate>),
    All(Vec<Predicate>),
    Any(Vec<Predicate>),
}

impl Predicate {
    /// The only argument of `cfg`.
    fn parse_alone(input: ParseStream<'_>) -> syn::Result<Self> {
        let predicate = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        Ok(predicate)
    }

    /// Its value outside of tests, where that is the same in every build.
    fn outside_tests(&self) -> Option<bool> {
        match self {
            Self::Constant(value) => Some(*value),
            Self::Name(name) if name == "test" => Some(false),
            Self::Name(_) | Self::Value(..) => None,
            Self::Not(inner) => inner.outside_tests().map(|value| !value),
            Self::All(all) => Self::joined(all, false),
            Self::Any(any) => Self::joined(any, true),
        }
    }

    /// `all` where one `false` decides, `any` where one `true` does.
    fn joined(parts: &[Self], decisive: bool) -> Option<bool> {
        let values = || parts.iter().map(Self::outside_tests);
        if values().any(|value| value == Some(decisive)) {
            return Some(decisive);
        }
        values().all(|value| value.is_some()).then_some(!decisive)
    }
}

impl Parse for Predicate {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = Ident::parse_any(input)?;
        let text = name.to_string();
        let predicate = if input.peek(token::Paren) {
            let content;
            syn::parenthesized!(content in input);
            let mut parts: Vec<Self> = Punctuated::<Self, Token![,]>::parse_terminated(&content)?.into_iter().collect();
            match (text.as_str(), parts.len()) {
                ("all", _) => Self::All(parts),
                ("any", _) => Self::Any(parts),
                ("not", 1) => Self::Not(Box::new(parts.remove(0))),
                _ => return Err(syn::Error::new(name.span(), "expected `all`, `any` or `not` with one predicate")),
            }
        } else if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Self::Value(text, input.parse::<LitStr>()?.value())
        } else {
            match text.as_str() {
                "true" => Self::Constant(true),
                "false" => Self::Constant(false),
                _ => Self::Name(name.unraw().to_string()),
            }
        };
        Ok(predicate)
    }
}

/// What stands in `cfg_attr(…)`.
struct Conditional {
    predicate: Predicate,
    attributes: Vec<Meta>,
}

impl Parse for Conditional {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let predicate = input.parse()?;
        input.parse::<Token![,]>()?;
        let attributes = Punctuated::<Meta, Token![,]>::parse_terminated(input)?.into_iter().collect();
        Ok(Self { predicate, attributes })
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::{Cfg, Presence};

    fn presence(attribute: &syn::Attribute) -> &'static str {
        let mut cfg = Cfg::parse("unix\ntarget_os=\"linux\"\n");
        cfg.set_value("feature", "http");
        match cfg.unfold(std::slice::from_ref(attribute)).presence {
            Presence::Always => "always",
            Presence::Never => "never",
            Presence::Depends { holds: true, .. } => "in this build",
            Presence::Depends { holds: false, .. } => "in other builds",
        }
    }

    #[test]
    fn predicates_are_evaluated() {
        let cases: [(syn::Attribute, &str); 14] = [
            (parse_quote!(#[cfg(unix)]), "in this build"),
            (parse_quote!(#[cfg(windows)]), "in other builds"),
            (parse_quote!(#[cfg(feature = "http")]), "in this build"),
            (parse_quote!(#[cfg(feature = "grpc")]), "in other builds"),
            (parse_quote!(#[cfg(all(unix, target_os = "linux",))]), "in this build"),
            (parse_quote!(#[cfg(any(windows, not(target_os = "macos")))]), "in this build"),
            (parse_quote!(#[cfg(test)]), "never"),
            (parse_quote!(#[cfg(all(test, feature = "http"))]), "never"),
            (parse_quote!(#[cfg(any(test, feature = "http"))]), "in this build"),
            (parse_quote!(#[cfg(not(test))]), "always"),
            (parse_quote!(#[cfg(true)]), "always"),
            (parse_quote!(#[cfg(any())]), "never"),
            (parse_quote!(#[cfg_attr(unix, cfg(windows))]), "in other builds"),
            (parse_quote!(#[cfg_attr(windows, cfg(windows))]), "in this build"),
        ];
        for (attribute, expected) in cases {
            assert_eq!(presence(&attribute), expected, "{}", quote::quote!(#attribute));
        }
    }

    #[test]
    fn cfg_attr_is_unfolded_also_inside_itself() {
        let attributes: Vec<syn::Attribute> = vec![parse_quote!(#[cfg_attr(unix, a, cfg_attr(windows, b), c = "d")])];
        let unfolded = Cfg::parse("unix").unfold(&attributes);
        let active: Vec<String> = unfolded.active().map(|attribute| quote::quote!(#attribute).to_string()).collect();
        assert_eq!(active, ["# [a]", "# [c = \"d\"]"]);
        assert_eq!(unfolded.attributes.len(), 3);
    }
}
