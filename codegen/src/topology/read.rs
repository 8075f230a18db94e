//! A topology's text, strictly: what is not known is refused, since it would do nothing.

use std::collections::BTreeMap;
use std::net::{Ipv6Addr, SocketAddr};
use std::ops::Range;

use cell_syntax::{name, suggest};
use toml_edit::{Document, Item, TableLike};

use super::{Node, Region, Topology, TopologyError, environment_of, hash};

/// The format that this version reads.
const FORMAT: i64 = 1;

/// The longest text of a field, in bytes.
const LONGEST: usize = 255;

pub(super) fn parse(file: &str, bytes: &[u8]) -> Result<Topology, Vec<TopologyError>> {
    let (text, broken) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, None),
        // What comes before it is text, and says in which line it is.
        Err(error) => (
            std::str::from_utf8(bytes.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default(),
            Some(error.valid_up_to()),
        ),
    };
    let mut reader = Reader { file, text, errors: Vec::new() };
    if let Some(at) = broken {
        reader.push(at..at + 1, format!("byte {at} is not UTF-8"), "save the file as UTF-8");
        return Err(reader.errors);
    }
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let message = error.message().trim().replace('\n', ", ");
            reader.push(error.span().unwrap_or(0..0), format!("this is no TOML: {message}"), "mend the syntax");
            return Err(reader.errors);
        }
    };
    let (regions, nodes) = reader.topology(&document);
    let environment = environment_of(file);
    if environment.is_none() {
        let help = "call it `cell/topology.NAME.toml`, the name in lower case letters, digits, `-` and `_`";
        reader.push(0..0, "the file's name names no environment".to_owned(), help);
    }
    match hash::of(text) {
        Some(hash) if reader.errors.is_empty() => Ok(Topology {
            file: file.to_owned(),
            environment: environment.flatten().map(str::to_owned),
            regions,
            nodes,
            hash,
        }),
        hash => {
            if hash.is_none() && reader.errors.is_empty() {
                reader.push(0..0, "a value in it has no hash".to_owned(), "write dates as texts");
            }
            reader.errors.sort_by_key(|error| error.bytes.start);
            Err(reader.errors)
        }
    }
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    errors: Vec<TopologyError>,
}

impl Reader<'_> {
    fn push(&mut self, bytes: Range<usize>, message: String, help: impl Into<String>) {
        let before = self.text.get(..bytes.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        self.errors.push(TopologyError { file: self.file.to_owned(), line, bytes, message, help: help.into() });
    }

    fn topology(&mut self, document: &Document<&str>) -> (Vec<Region>, BTreeMap<String, Node>) {
        let table = document.as_table();
        match table.get("format") {
            None => self.push(0..0, "the topology names no format".to_owned(), "begin it with `format = 1`"),
            Some(item) => match item.as_integer() {
                Some(FORMAT) => {}
                Some(newer) if newer > FORMAT => {
                    let message = format!("the topology has format {newer}, and this version of Cell reads {FORMAT}");
                    self.push(place(table, "format"), message, "update Cell to the version that wrote it");
                    // Whatever else is in it may mean something else.
                    return Default::default();
                }
                _ => self.push(place(table, "format"), "this is no format".to_owned(), "write `format = 1`"),
            },
        }
        self.unknown(table, "a topology", &["format", "regions", "nodes"]);
        let mut regions = Vec::new();
        for (name, fields) in self.entries(table, "regions") {
            if !name::is_region(name) {
                self.push(place_in(table, "regions", name), format!("`{name}` cannot name a region"), name::REGION);
            }
            self.unknown(fields, "a region", &["like"]);
            regions.push(Region { name: name.to_owned(), like: self.text(fields, "like") });
        }
        if regions.is_empty() && self.errors.is_empty() {
            self.push(0..0, "the topology has no region".to_owned(), "add one: `[regions.local]`");
        }
        let names: Vec<&str> = regions.iter().map(|region| region.name.as_str()).collect();
        let mut nodes = BTreeMap::new();
        for (name, fields) in self.entries(table, "nodes") {
            let at = place_in(table, "nodes", name);
            if !name::is_region(name) {
                self.push(at.clone(), format!("`{name}` cannot name a node"), name::REGION);
            }
            self.unknown(fields, "a node", &["region", "address", "key", "http"]);
            nodes.extend(self.node(name, fields, &at, &names).map(|node| (name.to_owned(), node)));
        }
        (regions, nodes)
    }

    fn node(&mut self, name: &str, fields: &dyn TableLike, at: &Range<usize>, regions: &[&str]) -> Option<Node> {
        let region = self.needed(name, fields, "region", at);
        if let Some(region) = region.as_deref().filter(|region| !regions.contains(region)) {
            let help = format!("the regions of this topology are {}", suggest::list(regions));
            self.push(place(fields, "region"), format!("there is no region `{region}`"), help);
        }
        let address = self.needed(name, fields, "address", at);
        if let Some(address) = address.as_deref().filter(|address| !is_address(address)) {
            let help = "write a host and a port: `node-1.example:7700`, `192.0.2.7:7700` or `[2001:db8::7]:7700`";
            self.push(place(fields, "address"), format!("`{address}` is no address"), help);
        }
        let key = self.needed(name, fields, "key", at);
        if let Some(key) = key.as_deref().filter(|key| !is_key(key)) {
            let message = format!("`{}` is no public key", key.escape_debug());
            self.push(place(fields, "key"), message, "the node's daemon shows its key");
        }
        let http = self.text(fields, "http");
        if let Some(http) = http.as_deref().filter(|http| http.parse::<SocketAddr>().is_err()) {
            let message = format!("`{http}` is no address to listen on");
            self.push(place(fields, "http"), message, "write an IP address and a port: `127.0.0.1:8080`");
        }
        Some(Node { region: region?, address: address?, key: key?, http })
    }

    /// The tables in a table, in the file's order.
    fn entries<'t>(&mut self, table: &'t dyn TableLike, name: &str) -> Vec<(&'t str, &'t dyn TableLike)> {
        let Some(item) = table.get(name) else { return Vec::new() };
        let Some(inner) = item.as_table_like() else {
            self.push(place(table, name), format!("`{name}` is no table"), format!("write `[{name}.NAME]`"));
            return Vec::new();
        };
        let mut found = Vec::new();
        for (key, item) in inner.iter() {
            match item.as_table_like() {
                Some(fields) => found.push((key, fields)),
                None => {
                    let help = format!("write `[{name}.{key}]`");
                    self.push(place(inner, key), format!("`{name}.{key}` is no table"), help);
                }
            }
        }
        found
    }

    fn unknown(&mut self, table: &dyn TableLike, of: &str, known: &[&str]) {
        for (field, _) in table.iter().filter(|(field, _)| !known.contains(field)) {
            let message = format!("{of} has no field `{}`", field.escape_debug());
            let help = match suggest::nearest(field, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has {}", suggest::list(known)),
            };
            self.push(place(table, field), message, help);
        }
    }

    fn text(&mut self, table: &dyn TableLike, field: &str) -> Option<String> {
        let item = table.get(field)?;
        match item.as_str() {
            Some(text) if !text.is_empty() && text.len() <= LONGEST => Some(text.to_owned()),
            _ => {
                let message = format!("`{field}` is no text of 1 to {LONGEST} bytes");
                self.push(place(table, field), message, format!("write `{field} = \"…\"`"));
                None
            }
        }
    }

    fn needed(&mut self, node: &str, table: &dyn TableLike, field: &str, at: &Range<usize>) -> Option<String> {
        if table.get(field).is_none() {
            self.push(at.clone(), format!("the node `{node}` has no `{field}`"), format!("write `{field} = \"…\"`"));
        }
        self.text(table, field)
    }
}

/// Where a field is written: its value, or else its name.
fn place(table: &dyn TableLike, field: &str) -> Range<usize> {
    let value = table.get(field).filter(|item| item.is_value()).and_then(Item::span);
    value.or_else(|| table.key(field).and_then(|key| key.span())).unwrap_or(0..0)
}

/// Where the name of a table's table is written.
fn place_in(table: &dyn TableLike, outer: &str, name: &str) -> Range<usize> {
    let inner = table.get(outer).and_then(Item::as_table_like);
    inner.and_then(|inner| inner.key(name)).and_then(|key| key.span()).unwrap_or(0..0)
}

/// `host:port`, where the host is a name or an IP address, of version 6 in brackets.
fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let digits = !port.is_empty() && port.chars().all(|c| c.is_ascii_digit());
    let port = digits && port.parse::<u16>().is_ok_and(|port| port > 0);
    let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    port && inside.map_or_else(|| is_host(host), |address| address.parse::<Ipv6Addr>().is_ok())
}

fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    host.len() <= 253 && host.split('.').all(label)
}

/// A public key has no spaces in it; whether it is one of a node's, only that node can show.
fn is_key(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_graphic())
}
