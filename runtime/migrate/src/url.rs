//! The URL of a database: `sqlite:PATH` or `postgres://…`. Printing it never shows a password.
//! Absent: connecting, and what the parts of a URL mean to an engine.

use std::fmt;
use std::path::Path;

/// A database's URL. [`Self::as_str`] is whole; `Display` and `Debug` hide the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(String);

impl Url {
    /// Takes a URL as it is.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The URL of a SQLite file.
    #[must_use]
    pub fn sqlite(path: &Path) -> Self {
        Self(format!("sqlite:{}", escape(&path.to_string_lossy())))
    }

    /// The whole URL, password included: for connecting only.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL of a database of the throwaway cluster whose socket is in `folder`.
    #[cfg(feature = "rehearse")]
    pub(crate) fn postgres_socket(folder: &Path, database: &str) -> Self {
        Self(format!("postgres://cell@localhost/{database}?host={}", escape(&folder.to_string_lossy())))
    }

    /// The same server, another database.
    #[cfg(feature = "rehearse")]
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        let (address, parameters) = match self.0.split_once('?') {
            Some((address, parameters)) => (address, Some(parameters)),
            None => (self.0.as_str(), None),
        };
        let path = address.find("://").map_or(0, |scheme| scheme + "://".len());
        let server = match address[path..].find('/') {
            Some(slash) => &address[..path + slash],
            None => address,
        };
        let mut url = format!("{server}/{}", escape(database));
        if let Some(parameters) = parameters {
            url.push('?');
            url.push_str(parameters);
        }
        Self(url)
    }
}

/// Percent-encodes what means something in a URL.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => escaped.push(char::from(byte)),
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    escaped
}

/// `text` without the passwords of any URL in it: in `scheme://user:password@`, and in a parameter `password=`.
pub(crate) fn redact(text: &str) -> String {
    redact_words(text, char::is_whitespace)
}

/// As [`redact`]; `ends` tells where a URL in the text ends.
fn redact_words(text: &str, ends: fn(char) -> bool) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        redacted.push_str(before);
        // A password may hold a `/`, `?` or `@` that its author forgot to escape: only the last `@` of the word ends it.
        let word = after.find(ends).unwrap_or(after.len());
        let host = after[..word].rfind('@').unwrap_or(0);
        let (account, remainder) = after.split_at(host);
        match account.split_once(':') {
            Some((user, _)) => {
                redacted.push_str(user);
                redacted.push_str(":***");
            }
            None => redacted.push_str(account),
        }
        rest = remainder;
    }
    redacted.push_str(rest);
    redact_parameter(&redacted, ends)
}

fn redact_parameter(text: &str, ends: fn(char) -> bool) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("password=") {
        let (before, after) = rest.split_at(at + "password=".len());
        redacted.push_str(before);
        let end = after.find(|c: char| c == '&' || c == '#' || ends(c)).unwrap_or(after.len());
        if end > 0 {
            redacted.push_str("***");
        }
        rest = &after[end..];
    }
    redacted.push_str(rest);
    redacted
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without a scheme, anything before the host may be a password.
        if !self.0.contains("://")
            && !self.0.starts_with("sqlite:")
            && let Some((_, host)) = self.0.rsplit_once('@')
        {
            return write!(f, "***@{host}");
        }
        // The whole text is the URL: a password may hold spaces that its author forgot to escape.
        f.write_str(&redact_words(&self.0, |_| false))
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_printed() {
        for (url, printed) in [
            ("postgres://shop:secret@db.example/shop", "postgres://shop:***@db.example/shop"),
            ("postgres://shop:se@cr/et?x@db.example:5432/shop", "postgres://shop:***@db.example:5432/shop"),
            (
                "postgres://shop@db.example/shop?password=secret&sslmode=require",
                "postgres://shop@db.example/shop?password=***&sslmode=require",
            ),
            ("postgres://shop:my secret@db.example/shop", "postgres://shop:***@db.example/shop"),
            ("shop:secret@db.example/shop", "***@db.example/shop"),
            ("postgres:shop:secret@db.example", "***@db.example"),
            ("postgres://db.example/shop?password=my secret", "postgres://db.example/shop?password=***"),
            ("postgres://db.example/shop", "postgres://db.example/shop"),
            ("sqlite:shop.db", "sqlite:shop.db"),
        ] {
            assert_eq!(Url::new(url).to_string(), printed);
            assert!(!format!("{:?}", Url::new(url)).contains("secret"));
        }
    }

    #[test]
    fn a_password_inside_a_sentence_is_hidden_too() {
        assert_eq!(
            redact("cannot parse postgres://shop:secret@db: no port, and mail to a@b"),
            "cannot parse postgres://shop:***@db: no port, and mail to a@b"
        );
    }

    #[test]
    fn a_path_with_marks_survives_the_url() {
        assert_eq!(Url::sqlite(Path::new("/tmp/a b?c%/ü.db")).as_str(), "sqlite:/tmp/a%20b%3Fc%25/%C3%BC.db");
    }

    #[cfg(feature = "rehearse")]
    #[test]
    fn another_database_of_the_same_server() {
        let with = |url: &str| Url::new(url).with_database("ü x").as_str().to_owned();
        assert_eq!(with("postgres://u:p@host/postgres?host=/run"), "postgres://u:p@host/%C3%BC%20x?host=/run");
        assert_eq!(with("postgres://host"), "postgres://host/%C3%BC%20x");
    }
}
