//! Values of arguments: texts, numbers, words, durations. A wrong one is reported at its own place.

use syn::spanned::Spanned as _;
use syn::{Expr, Ident, Lit};

use crate::decl::Spanned;
use crate::diagnostic::{Diagnostic, Sink};

pub(super) fn text(value: &Expr, sink: &mut Sink) -> Option<Spanned<String>> {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(Spanned { value: text.value(), span: text.span() }),
            _ => wrong(value, "a text", "write it in double quotes", sink),
        },
        _ => wrong(value, "a text", "write it in double quotes", sink),
    }
}

pub(super) fn number(value: &Expr, sink: &mut Sink) -> Option<Spanned<u32>> {
    if let Expr::Lit(literal) = value
        && let Lit::Int(number) = &literal.lit
        && let Ok(value) = number.base10_parse()
    {
        return Some(Spanned { value, span: number.span() });
    }
    wrong(value, "a whole number", "write one from 0 to 4294967295", sink)
}

pub(super) fn word(value: &Expr, sink: &mut Sink) -> Option<Ident> {
    if let Expr::Path(path) = value
        && let Some(ident) = path.path.get_ident()
    {
        return Some(ident.clone());
    }
    wrong(value, "a single word", "write a name, without quotes", sink)
}

/// `["a", "b"]`
pub(super) fn texts(value: &Expr, sink: &mut Sink) -> Option<Vec<Spanned<String>>> {
    match value {
        Expr::Array(array) => {
            let texts: Vec<_> = array.elems.iter().filter_map(|element| text(element, sink)).collect();
            (texts.len() == array.elems.len()).then_some(texts)
        }
        _ => wrong(value, "a list of texts", "write `[\"a\", \"b\"]`", sink),
    }
}

/// `env("NAME")`: the name of an environment variable.
pub(super) fn environment(value: &Expr, sink: &mut Sink) -> Option<Spanned<String>> {
    if let Expr::Call(call) = value
        && let Expr::Path(function) = &*call.func
        && function.path.is_ident("env")
        && let Some(argument) = call.args.first()
        && call.args.len() == 1
    {
        let name = text(argument, sink)?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.value.is_empty()
            || name.value.starts_with(|c: char| c.is_ascii_digit())
            || !name.value.chars().all(is_name)
        {
            return wrong(argument, "the name of an environment variable", "use letters, digits and `_`", sink);
        }
        return Some(name);
    }
    wrong(value, "`env(\"NAME\")`", "secrets are named, never held: put the value in the environment", sink)
}

/// A duration such as `"250ms"`, `"30s"`, `"10m"`, `"1h"` or `"2d"`, in milliseconds.
pub(super) fn duration(value: &Expr, sink: &mut Sink) -> Option<Spanned<u64>> {
    let text = text(value, sink)?;
    match milliseconds(&text.value) {
        Some(value) if value > 0 => Some(Spanned { value, span: text.span }),
        _ => wrong(
            value,
            "a duration",
            "write a whole number and a unit: `\"250ms\"`, `\"30s\"`, `\"10m\"`, `\"1h\"`, `\"2d\"`",
            sink,
        ),
    }
}

fn milliseconds(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

fn wrong<T>(value: &Expr, wanted: &str, help: &str, sink: &mut Sink) -> Option<T> {
    sink.push(Diagnostic::new("wrong-value", value.span(), format!("this is not {wanted}")).help(help));
    None
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn durations_are_whole_numbers_of_a_unit() {
        assert_eq!(milliseconds("250ms"), Some(250));
        assert_eq!(milliseconds("2d"), Some(172_800_000));
        assert_eq!(milliseconds("1.5s"), None);
        assert_eq!(milliseconds("10"), None);
        assert_eq!(milliseconds("99999999999999999999s"), None);
    }
}
