//! `cell/caches.json`: what each cache holds, what it depends on, and why. In: the model, and the file that is there. Out: its text, where
//! there are caches; whether one that is there was some build's. Absent: places in the sources, which change with every edit.

use cell_manifest::{Cache, CacheDefinition, CacheDependency, CacheOf, Caches};

use super::Previous;
use crate::model::{self, Model};

/// Where it is, relative to the application's folder.
pub const FILE: &str = "cell/caches.json";

/// The file, where there is a cache.
pub(super) fn file(model: &Model) -> Option<(String, Vec<u8>)> {
    let caches = definitions(model);
    // Every key is text, so serde_json cannot fail.
    (!caches.caches.is_empty()).then(|| (FILE.to_owned(), caches.to_json().unwrap_or_default().into_bytes()))
}

/// What the file says.
#[must_use]
pub fn definitions(model: &Model) -> Caches {
    Caches { format: Caches::FORMAT, caches: model.caches.iter().map(|cache| definition(model, cache)).collect() }
}

/// The caches of a model, as the manifest has them.
#[must_use]
pub fn of(model: &Model) -> Vec<Cache> {
    definitions(model).entries()
}

/// Whether the file that is there is some build's.
pub(super) fn is_written(previous: &Previous) -> bool {
    let text = previous.get(FILE).map(String::from_utf8_lossy);
    text.is_some_and(|text| Caches::from_json(&text).is_ok())
}

fn definition(model: &Model, cache: &model::Cache) -> CacheDefinition {
    let depends = cache.depends.iter();
    CacheDefinition {
        name: cache.name.clone(),
        of: match cache.of {
            model::CacheOf::Function => CacheOf::Function,
            model::CacheOf::Rows => CacheOf::Rows,
        },
        ttl: cache.ttl,
        idle: cache.idle,
        none_ttl: cache.none_ttl,
        capacity: cache.capacity,
        tags: cache.tags.clone(),
        depends: depends
            .map(|depends| CacheDependency { on: depends.on(model), because: depends.because.clone() })
            .collect(),
    }
}
