//! The pages that explain codes. In: a code. Out: its page, which is a file under `codes/`. Absent: printing; and the codes'
//! own lists, which are the libraries': a test holds this one against them.

/// The codes of one part of Cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    pub(crate) title: &'static str,
    pub(crate) pages: &'static [Page],
}

/// What is to be known about a code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) code: &'static str,
    /// The page: a heading, one line that sums it up, a wrong example, a right one, and why.
    pub(crate) text: &'static str,
}

impl Page {
    /// The line that sums it up.
    pub(crate) fn summary(&self) -> &'static str {
        self.text.lines().nth(2).unwrap_or_default()
    }
}

/// The page of a code.
pub(crate) fn page(code: &str) -> Option<&'static Page> {
    AREAS.iter().flat_map(|area| area.pages).find(|page| page.code == code)
}

macro_rules! pages {
    ($($code:literal)*) => {
        &[$(Page { code: $code, text: include_str!(concat!("../codes/", $code, ".md")) }),*]
    };
}

/// Every page, by area.
pub(crate) const AREAS: &[Area] = &[
    Area {
        title: "Attributes",
        pages: pages!(
            "attribute-syntax"
            "conditional-member"
            "conflicting-attributes"
            "decimal-out-of-range"
            "duplicate-argument"
            "duplicate-value"
            "generic-item"
            "handler-signature"
            "http-path"
            "index-without-text"
            "invalid-name"
            "memoize-signature"
            "missing-argument"
            "not-yet"
            "table-without-key"
            "unknown-argument"
            "unknown-attribute"
            "unknown-field"
            "unknown-function"
            "unsupported-expression"
            "unsupported-field"
            "wrong-item"
            "wrong-value"
        ),
    },
    Area {
        title: "Sources",
        pages: pages!(
            "ambiguous-module"
            "cyclic-module"
            "invalid-topology"
            "module-not-found"
            "no-application"
            "not-utf8"
            "schema-depends-on-cfg"
            "several-applications"
            "syntax-error"
            "unreadable-file"
        ),
    },
    Area {
        title: "Declarations",
        pages: pages!(
            "argument-not-yet"
            "automatic-key"
            "call-between-processes"
            "decimal-on-another-type"
            "decimal-without-scale"
            "default-does-not-fit"
            "duplicate-cache"
            "duplicate-cell"
            "duplicate-column"
            "duplicate-constraint"
            "duplicate-database"
            "duplicate-http-door"
            "duplicate-placement"
            "duplicate-search-index"
            "duplicate-table"
            "empty-name"
            "generated-from-generated"
            "generated-key"
            "handler-of-nothing"
            "http-path-type"
            "key-type"
            "many-without-reference"
            "max-len-on-another-type"
            "memoize-of-nothing"
            "memoize-of-unknown-table"
            "memoize-reads-nothing"
            "memoize-whole-database"
            "memoize-writes"
            "message-type"
            "name-too-long"
            "nullable-key"
            "placement-of-nothing"
            "reference-into-another-database"
            "reference-mismatch"
            "reference-to-nothing"
            "renamed-from-itself"
            "renamed-twice"
            "reserved-name"
            "search-field-type"
            "search-helper-without-index"
            "search-index-name"
            "search-index-of-nothing"
            "set-null-of-required"
            "sqlite-in-two-regions"
            "sqlite-on-two-nodes"
            "table-of-nothing"
            "table-twice"
            "two-handler-impls"
            "unknown-cell-field"
            "unknown-column"
            "unknown-hazard"
            "unknown-region"
            "unknown-value"
            "unprintable-name"
            "unsupported-constant"
            "unsupported-type"
            "zone-on-another-type"
        ),
    },
    Area {
        title: "The program that was built",
        pages: pages!(
            "stale-record"
            "unlinked-declaration"
            "unread-file"
            "unscanned-declaration"
            "unwalked-file"
        ),
    },
    Area {
        title: "Schemas and migrations",
        pages: pages!(
            "baseline-differs"
            "column-default"
            "column-generated"
            "column-type"
            "expression-depth"
            "expression-engine"
            "expression-overflow"
            "expression-raw"
            "expression-type"
            "history-behind"
            "history-branches"
            "history-change"
            "history-edited"
            "history-format"
            "history-missing"
            "history-order"
            "history-seal"
            "history-snapshot"
            "history-stray"
            "history-unreadable"
            "index-columns"
            "not-null-without-default"
            "reference-target"
            "rename-of-what-exists"
            "sql-name"
            "sql-name-clash"
            "table-columns"
            "table-key"
            "unsupported-change"
        ),
    },
    Area {
        title: "Statements",
        pages: pages!(
            "query-database"
            "query-refused"
            "query-syntax"
        ),
    },
    Area {
        title: "Hazards",
        pages: pages!(
            "cast-may-fail"
            "check-over-rows"
            "index-built-with-lock"
            "lossy-cast"
            "not-null-over-rows"
            "object-in-the-way"
            "reference-over-rows"
            "rows-deleted"
            "table-locked"
            "table-rewritten"
            "time-zone-assumed"
            "unique-over-rows"
            "value-removed"
            "values-deleted"
            "values-truncated"
        ),
    },
    Area {
        title: "Databases",
        pages: pages!(
            "already-adopted"
            "contract-waits"
            "contracted"
            "copy-differs"
            "copy-not-empty"
            "copy-not-ready"
            "copy-unfinished"
            "database-busy"
            "database-missing"
            "database-unreachable"
            "database-url"
            "draft-refused"
            "engine-missing"
            "guard-refused"
            "history-squashed"
            "journal-unreadable"
            "lock-timeout"
            "migration-edited"
            "migration-engine"
            "migration-failed"
            "migration-unknown"
            "other-database"
            "rehearsal-differs"
            "rehearsal-rows"
            "rows-changed"
            "schema-drift"
            "sequence-behind-rows"
            "throwaway-failed"
            "unknown-database"
        ),
    },
    Area {
        title: "Nodes",
        pages: pages!(
            "address-in-use"
            "bundle-missing"
            "bundle-refused"
            "client-key"
            "daemon-failed"
            "database-on-two-nodes"
            "deploy-under-way"
            "doors-of-two-processes"
            "environment-file"
            "environment-missing"
            "history-diverged"
            "index-failed"
            "key-observes"
            "migrate-failed"
            "no-address-for-doors"
            "no-daemon"
            "no-log"
            "no-node"
            "node-protocol"
            "node-unreachable"
            "not-released"
            "nothing-in-region"
            "nothing-staged"
            "other-host"
            "plan-outdated"
            "process-not-ready"
            "release-not-kept"
            "storage-failed"
            "storage-full"
            "unknown-application"
            "unknown-key"
            "wrong-code"
        ),
    },
];

#[cfg(test)]
mod tests;
