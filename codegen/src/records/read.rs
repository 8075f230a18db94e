//! Takes the records of declarations out of a binary. In: a file that may be anything. Out: its records, in order.
//! Absent: what they should be.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use object::read::ReadCache;
use object::{Object as _, ObjectSection as _};

/// The section's names: everywhere, on Mach-O, and as Windows cuts it in an executable.
const SECTIONS: [&[u8]; 3] = [b"cell.records", b"__cellrec", b"cell.rec"];

/// The largest section that is read; a declaration needs some hundred bytes.
const LARGEST: u64 = 64 << 20;

/// What a macro left in the binary about one declaration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    /// What was declared: `table`.
    pub kind: String,
    /// What `module_path!()` printed there.
    pub module_path: String,
    /// The item's name.
    pub name: String,
    /// Its fingerprint.
    pub fingerprint: u64,
}

/// Why a built file cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("`{}` cannot be read: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is no binary of a known format.
    #[error("`{}` is no binary that can be read: {message}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// Its section is not made of records.
    #[error("record {number} of `{}` is malformed; build the application anew with this version of Cell", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Which record, from 1.
        number: usize,
    },
}

/// Reads the records of a binary; one without the section has none.
///
/// # Errors
/// Where the file is no binary, or its section is not made of records.
pub fn read(path: &Path) -> Result<Vec<Record>, ReadError> {
    let file = File::open(path).map_err(|source| ReadError::File { path: path.to_path_buf(), source })?;
    // Only the headers and the one section are read of a file that may be large.
    let cache = ReadCache::new(BufReader::new(file));
    let format = |message: String| ReadError::Format { path: path.to_path_buf(), message };
    let binary = object::File::parse(&cache).map_err(|error| format(error.to_string()))?;
    let mut records = Vec::new();
    for section in binary.sections() {
        if !section.name_bytes().is_ok_and(|name| SECTIONS.contains(&name)) {
            continue;
        }
        if section.size() > LARGEST {
            return Err(format(format!("its records claim {} bytes", section.size())));
        }
        let bytes = section.data().map_err(|error| format(error.to_string()))?;
        let number = records.len();
        let found =
            parse(bytes).map_err(|at| ReadError::Malformed { path: path.to_path_buf(), number: number + at + 1 })?;
        records.extend(found);
    }
    Ok(records)
}

/// The records of a section, or the place of the first that is none. A linker may put zeros between them.
fn parse(bytes: &[u8]) -> Result<Vec<Record>, usize> {
    bytes
        .split(|byte| matches!(byte, b'\n' | 0))
        .filter(|line| !line.is_empty())
        .enumerate()
        .map(|(at, line)| record(line).ok_or(at))
        .collect()
}

fn record(line: &[u8]) -> Option<Record> {
    let line = std::str::from_utf8(line).ok()?;
    let mut fields = line.split('\t');
    let (kind, module_path, name, fingerprint) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let words = |text: &str| {
        !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | ':' | '#'))
    };
    if fields.next().is_some() || fingerprint.len() != 16 || ![kind, module_path, name].into_iter().all(words) {
        return None;
    }
    Some(Record {
        kind: kind.to_owned(),
        module_path: module_path.to_owned(),
        name: name.strip_prefix("r#").unwrap_or(name).to_owned(),
        fingerprint: u64::from_str_radix(fingerprint, 16).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn records_stand_in_lines_with_zeros_between_them_or_not() {
        let found =
            parse(b"table\tshop\tProduct\t00000000000000ff\n\0\0message\tshop::r#type\tr#in\t0000000000000001\n");
        let found: Vec<String> = found
            .into_iter()
            .flatten()
            .map(|record| format!("{} {} {} {}", record.kind, record.module_path, record.name, record.fingerprint))
            .collect();
        assert_eq!(found, ["table shop Product 255", "message shop::r#type in 1"]);
    }

    #[test]
    fn what_is_no_record_has_its_number() {
        let good = "table\tshop\tProduct\t00000000000000ff\n";
        for bad in [
            "x",
            "table\tshop\tProduct\t0f\n",
            "table\tshop\t\x1b[1m\t00000000000000ff\n",
            "a\tb\tc\tzzzzzzzzzzzzzzzz\n",
        ] {
            assert_eq!(parse(format!("{good}{bad}").as_bytes()), Err(1), "{bad:?}");
        }
        assert_eq!(parse(b"\xff\xfe"), Err(0));
    }
}
