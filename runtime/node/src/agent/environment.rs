//! The environment of an application's processes: what Cell says, and the file `env` of the node's state, which holds the
//! secrets. In: the file. Out: variables. Absent: showing a value; no error repeats one.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::digest::Digest;
use crate::protocol::Refused;

/// The largest file that is read.
const LARGEST: u64 = 1 << 20;

/// What every process gets, unless the file says otherwise.
const BASE: [(&str, &str); 2] =
    [("LANG", "C.UTF-8"), ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")];

/// Reads the file; without one there is only what every process gets.
///
/// # Errors
/// Others may read the file, or a line of it is no variable.
pub(super) fn read(path: &Path) -> Result<BTreeMap<String, String>, Refused> {
    let mut variables: BTreeMap<String, String> =
        BASE.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let refused = |message: String| Refused::new("environment-file", message);
    let shown = path.display();
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(variables),
        Err(error) => return Err(refused(format!("the node cannot read `{shown}`: {error}"))),
    };
    use std::os::unix::fs::PermissionsExt as _;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(refused(format!("others than its owner may read `{shown}` on the node"))
            .help(format!("it may hold secrets: `chmod 600 {shown}`")));
    }
    if metadata.len() > LARGEST {
        return Err(refused(format!("`{shown}` on the node has more than {LARGEST} bytes")));
    }
    let text = fs::read_to_string(path).map_err(|error| refused(format!("the node cannot read `{shown}`: {error}")))?;
    for (line, place) in text.lines().zip(1..) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |what: String| {
            refused(format!("line {place} of `{shown}` on the node {what}"))
                .help("each line is `NAME=value`, empty, or a comment that begins with `#`")
        };
        let (name, value) = line.split_once('=').ok_or_else(|| wrong("is no variable".to_owned()))?;
        let name = name.trim_end();
        if !is_name(name) {
            return Err(wrong("names no variable before its `=`".to_owned()));
        }
        if is_reserved(name) {
            return Err(wrong(format!("sets `{name}`, which the node sets itself")));
        }
        if value.contains('\0') {
            return Err(wrong("holds a zero byte".to_owned()));
        }
        variables.insert(name.to_owned(), unquoted(value.trim()).to_owned());
    }
    Ok(variables)
}

/// Sees that what an application needs is there.
///
/// # Errors
/// What is missing, by name.
pub(super) fn check(variables: &BTreeMap<String, String>, needed: &[String], path: &Path) -> Result<(), Refused> {
    let missing: Vec<String> = needed
        .iter()
        .filter(|name| variables.get(*name).is_none_or(String::is_empty))
        .map(|name| format!("`{name}`"))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("the application needs {}, which the node does not have", missing.join(" and "));
    let help = format!("write `NAME=value` lines into `{}` on the node, with the mode 0600", path.display());
    Err(Refused::new("environment-missing", message).help(help))
}

/// A hash of variables, by which a change is noticed. It stays on the node.
pub(super) fn hash(variables: &BTreeMap<String, String>) -> Digest {
    let own = |name: &str| name.starts_with("CELL_") && is_reserved(name);
    let said: BTreeMap<&String, &String> = variables.iter().filter(|(name, _)| !own(name)).collect();
    Digest::of(&serde_json::to_vec(&said).unwrap_or_default())
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|letter: char| letter.is_ascii_digit())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// What the node decides. Where a database and its replicas are, how it is connected to, and what is logged, is the owner's to say.
fn is_reserved(name: &str) -> bool {
    let ends = ["_URL", "_POOL", "_STATEMENTS", "_SLOW"].iter().any(|setting| name.ends_with(setting));
    let is_databases = ends || ["_URL_", "_TIMEOUT_"].iter().any(|setting| name.contains(setting));
    name.starts_with("CELL_") && name != "CELL_LOG" && !is_databases
}

/// The value without the quotes around it, if there are any.
fn unquoted(value: &str) -> &str {
    ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::{check, read};

    fn refusal(text: &str, mode: u32) -> Option<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("env");
        std::fs::write(&path, text).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("a mode");
        read(&path).err().map(|refused| refused.message.replace(&path.display().to_string(), "env"))
    }

    #[test]
    fn variables_are_read_with_comments_and_quotes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("env");
        assert!(read(&path).is_ok_and(|variables| variables.contains_key("PATH")), "there need be no file");
        std::fs::write(&path, "# secrets\n\nDATABASE_URL=postgres://a:b=c@d/e\nGREETING = \"two words\"\n")
            .expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        let variables = read(&path).expect("variables");
        assert_eq!(variables.get("DATABASE_URL").map(String::as_str), Some("postgres://a:b=c@d/e"));
        assert_eq!(variables.get("GREETING").map(String::as_str), Some("two words"));
        assert!(check(&variables, &["DATABASE_URL".to_owned()], &path).is_ok());
        let missing = check(&variables, &["TOKEN".to_owned()], &path).err().map(|refused| refused.message);
        assert_eq!(missing.as_deref(), Some("the application needs `TOKEN`, which the node does not have"));
    }

    #[test]
    fn what_is_wrong_is_said_without_a_value() {
        assert_eq!(refusal("A=hunter2", 0o644).as_deref(), Some("others than its owner may read `env` on the node"));
        assert_eq!(refusal("hunter2", 0o600).as_deref(), Some("line 1 of `env` on the node is no variable"));
        assert_eq!(
            refusal("A=1\n2B=hunter2", 0o600).as_deref(),
            Some("line 2 of `env` on the node names no variable before its `=`")
        );
        assert_eq!(
            refusal("CELL_ROOT=/hunter2", 0o600).as_deref(),
            Some("line 1 of `env` on the node sets `CELL_ROOT`, which the node sets itself")
        );
        assert_eq!(refusal("CELL_SHOP_URL=sqlite:x\nCELL_LOG=debug", 0o600), None);
        let settings = "CELL_SHOP_URL_EU_WEST=postgres://x\nCELL_SHOP_POOL=3\nCELL_SHOP_STATEMENTS=9\nCELL_SHOP_SLOW=1s\n\
                        CELL_SHOP_TIMEOUT_REPLICA=5ms";
        assert_eq!(refusal(settings, 0o600), None);
        for own in [
            "ROOT",
            "STATE",
            "HTTP",
            "PART",
            "REGION",
            "RELEASE",
            "LIVE_RELEASE",
            "MIGRATE",
            "MIGRATE_DATABASES",
            "SUPERVISOR",
            "INSTANCE",
        ] {
            assert!(refusal(&format!("CELL_{own}=1"), 0o600).is_some(), "{own}");
        }
    }
}
