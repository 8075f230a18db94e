//! A cell's configuration: typed values from the environment.
//! In: the variable `<CELL>_<FIELD>`. Out: a value of the field's type, or an error that names the variable.
//! Absent: configuration files, and defaults: `Config<Option<T>>` tells whether a value was set.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use crate::service::{Context, Field};
use crate::{Error, Result};

/// Where configuration is read from.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// What a test or a supervisor says; it comes before the process's own.
    overrides: BTreeMap<String, String>,
}

impl Environment {
    /// The process's environment.
    #[must_use]
    pub fn process() -> Self {
        Self::default()
    }

    /// Sets `name` for those who read from this value, and for nobody else.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.overrides.insert(name.into(), value.into());
    }

    /// The value of `name`, where it is set.
    ///
    /// # Errors
    /// It is not Unicode.
    pub fn get(&self, name: &str) -> Result<Option<String>, ConfigError> {
        if let Some(value) = self.overrides.get(name) {
            return Ok(Some(value.clone()));
        }
        match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => {
                Err(ConfigError { variable: name.to_owned(), problem: "is not valid Unicode".to_owned() })
            }
        }
    }

    /// The names that the value of `name` lists, separated by commas; none where it is not set.
    pub(crate) fn list(&self, name: &str) -> Result<Vec<String>, ConfigError> {
        let names = self.get(name)?.unwrap_or_default();
        Ok(names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
    }

    /// The value of `name` as a `T`, where it is set.
    ///
    /// # Errors
    /// It is no `T`.
    pub fn parse<T: FromStr>(&self, name: &str) -> Result<Option<T>, ConfigError>
    where
        T::Err: fmt::Display,
    {
        let Some(text) = self.get(name)? else { return Ok(None) };
        let value = text.parse().map_err(|error| ConfigError {
            variable: name.to_owned(),
            problem: match shown(&text) {
                Some(text) => format!("is `{text}`, which is no `{}`: {error}", type_name::<T>()),
                None => format!("is no `{}` (it may hold a password, so it is not shown)", type_name::<T>()),
            },
        })?;
        Ok(Some(value))
    }
}

/// A variable of the environment does not hold what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    variable: String,
    problem: String,
}

/// The value, unless it looks like a URL with a password in it: neither the value nor a parser's words about it are shown then.
fn shown(text: &str) -> Option<&str> {
    (!text.contains('@')).then_some(text)
}

impl ConfigError {
    fn unset<T>(variable: &str) -> Self {
        let problem = format!("is not set: give it a `{}`", type_name::<T>());
        Self { variable: variable.to_owned(), problem }
    }

    fn secret<T>(variable: &str) -> Self {
        // Neither the value nor the parser's words, which may quote it.
        let problem = format!("is set to what is no `{}` (it is secret, so it is not shown)", type_name::<T>());
        Self { variable: variable.to_owned(), problem }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment variable `{}` {}", self.variable, self.problem)
    }
}

impl std::error::Error for ConfigError {}

/// A field of a cell that is read from the environment at start: `port: Config<u16>` of the cell `orders` from
/// `ORDERS_PORT`, `Config<Option<u16>>` also when that is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config<T> {
    value: T,
}

impl<T> Config<T> {
    /// A value made by hand, as in a test.
    pub const fn new(value: T) -> Self {
        Self { value }
    }
}

impl<T> Deref for Config<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Display> fmt::Display for Config<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

/// As [`Config`], but never shown: not by `Debug`, not in an error. [`Secret::expose`] is the only way to the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T = String> {
    value: T,
}

impl<T> Secret<T> {
    /// A value made by hand, as in a test.
    pub const fn new(value: T) -> Self {
        Self { value }
    }

    /// The value. Where it goes from here is the caller's to answer for.
    pub const fn expose(&self) -> &T {
        &self.value
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Tells the field of a value that must be set from [`Optional`].
#[doc(hidden)]
#[derive(Debug)]
pub struct Required;

/// Tells the field of a value that may be missing from [`Required`].
#[doc(hidden)]
#[derive(Debug)]
pub struct Optional;

impl<T> Field<Required> for Config<T>
where
    T: FromStr + Send + Sync,
    T::Err: fmt::Display,
{
    async fn grow(cx: &Context, name: &'static str) -> Result<Self> {
        let variable = variable(cx.cell(), name);
        let value = cx.environment().parse(&variable)?.ok_or_else(|| ConfigError::unset::<T>(&variable))?;
        Ok(Self { value })
    }
}

impl<T> Field<Optional> for Config<Option<T>>
where
    T: FromStr + Send + Sync,
    T::Err: fmt::Display,
{
    async fn grow(cx: &Context, name: &'static str) -> Result<Self> {
        Ok(Self { value: cx.environment().parse(&variable(cx.cell(), name))? })
    }
}

impl<T: FromStr + Send + Sync> Field<Required> for Secret<T> {
    async fn grow(cx: &Context, name: &'static str) -> Result<Self> {
        let variable = variable(cx.cell(), name);
        let value = secret(cx, &variable)?.ok_or_else(|| ConfigError::unset::<T>(&variable))?;
        Ok(Self { value })
    }
}

impl<T: FromStr + Send + Sync> Field<Optional> for Secret<Option<T>> {
    async fn grow(cx: &Context, name: &'static str) -> Result<Self> {
        Ok(Self { value: secret(cx, &variable(cx.cell(), name))? })
    }
}

fn secret<T: FromStr>(cx: &Context, variable: &str) -> Result<Option<T>, Error> {
    let Some(text) = cx.environment().get(variable)? else { return Ok(None) };
    Ok(Some(text.parse().map_err(|_| ConfigError::secret::<T>(variable))?))
}

/// `orders`, `port` → `ORDERS_PORT`.
fn variable(cell: &str, field: &str) -> String {
    format!("{cell}_{field}").to_uppercase().replace('-', "_")
}

/// A type's name without the modules it is in.
fn type_name<T>() -> String {
    let mut short = String::new();
    for part in std::any::type_name::<T>().split_inclusive(['<', '>', ',', ' ', '(', ')', '[', ']', '&']) {
        short.push_str(part.rsplit_once("::").map_or(part, |(_, last)| last));
    }
    short
}

#[cfg(test)]
mod tests {
    use super::{Environment, type_name, variable};

    #[test]
    fn a_value_that_may_hold_a_password_is_not_shown() {
        let mut environment = Environment::process();
        environment.set("SHOP_PORT", "eighty");
        environment.set("SHOP_URL", "redis://me:hunter2@cache");
        let error = |name| environment.parse::<u16>(name).map_err(|error| error.to_string()).unwrap_err();
        assert!(error("SHOP_PORT").contains("is `eighty`, which is no `u16`"), "{}", error("SHOP_PORT"));
        assert!(!error("SHOP_URL").contains("hunter2"), "{}", error("SHOP_URL"));
    }

    #[test]
    fn a_variable_is_the_cell_and_the_field_in_capitals() {
        assert_eq!(variable("orders", "listen_on"), "ORDERS_LISTEN_ON");
        assert_eq!(variable("order-book", "port"), "ORDER_BOOK_PORT");
    }

    #[test]
    fn a_type_is_named_without_its_modules() {
        assert_eq!(type_name::<u16>(), "u16");
        assert_eq!(type_name::<std::net::SocketAddr>(), "SocketAddr");
        assert_eq!(type_name::<Vec<Option<String>>>(), "Vec<Option<String>>");
    }
}
