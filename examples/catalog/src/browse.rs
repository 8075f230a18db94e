//! The catalogue: what people and programs ask of the registry's tables.

use cell::prelude::*;

use crate::page;
use crate::registry::{Crate, DependencyKind, Registry, Version};

/// Answers questions about crates.
#[service]
pub struct Catalog {
    registry: Registry,
}

/// A crate with what belongs to it.
#[cell::message]
#[derive(Clone, Debug, PartialEq)]
pub struct Details {
    /// The crate.
    pub summary: Crate,
    /// Its keywords, in their order.
    pub keywords: Vec<String>,
    /// Its versions on this machine, the last imported first.
    pub versions: Vec<Version>,
}

/// A crate that depends on another.
#[cell::message]
#[derive(Clone, Debug, PartialEq)]
pub struct Dependent {
    /// Its name.
    pub name: String,
    /// Its version's number.
    pub number: String,
    /// Which versions it asks for.
    pub requirement: String,
    /// What for.
    pub kind: DependencyKind,
}

/// A page of a list.
#[cell::message]
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// In the order of their names.
    pub crates: Vec<Crate>,
    /// What to pass as `after` for the next page, if there is one.
    pub next: Option<Cursor>,
}

#[handler]
impl Catalog {
    /// One crate.
    #[http(GET, "/crates/{name}")]
    #[idempotent]
    pub async fn get(&self, name: &str) -> Result<Option<Details>> {
        let Some(summary) = self.registry.crates.get(name).await? else { return Ok(None) };
        let keywords =
            self.registry.keywords.filter(|k| k.crate_name.eq(name)).order_by(|k| k.word.asc()).all().await?;
        let keywords = keywords.into_iter().map(|keyword| keyword.word).collect();
        Ok(Some(Details { summary, keywords, versions: self.versions_of(name).await? }))
    }

    /// A crate's versions on this machine, the last imported first.
    #[http(GET, "/crates/{name}/versions")]
    #[idempotent]
    pub async fn versions_of(&self, name: &str) -> Result<Vec<Version>> {
        let versions = self.registry.versions.filter(|v| v.crate_name.eq(name));
        Ok(versions.order_by(|v| (v.imported_at.desc(), v.id.desc())).all().await?)
    }

    /// The crates on this machine that depend on this one, at most 500.
    #[http(GET, "/crates/{name}/dependents")]
    #[idempotent]
    pub async fn dependents_of(&self, name: &str) -> Result<Vec<Dependent>> {
        let edges =
            self.registry.dependencies.filter(|d| d.name.eq(name)).order_by(|d| d.id.asc()).limit(500).all().await?;
        let ids: Vec<i64> = edges.iter().map(|edge| edge.version_id).collect();
        let versions = self.registry.versions.filter(|v| v.id.in_(&ids)).all().await?;
        let mut dependents: Vec<Dependent> = edges
            .into_iter()
            .filter_map(|edge| {
                let version = versions.iter().find(|version| version.id == edge.version_id)?;
                Some(Dependent {
                    name: version.crate_name.clone(),
                    number: version.number.clone(),
                    requirement: edge.requirement,
                    kind: edge.kind,
                })
            })
            .collect();
        dependents.sort_by(|left, right| (&left.name, &left.number).cmp(&(&right.name, &right.number)));
        Ok(dependents)
    }

    /// Crates by name: those behind `after`, at most `limit` (50 where it is not said, 500 at the most).
    #[http(GET, "/crates")]
    #[idempotent]
    pub async fn list(&self, after: Option<Cursor>, limit: Option<u32>) -> Result<Page> {
        let limit = limit.unwrap_or(50).clamp(1, 500);
        let page = self.registry.crates.order_by(|c| c.name.asc()).after(after).page(limit).await?;
        Ok(Page { crates: page.rows, next: page.next })
    }

    /// The catalogue as a page for a browser.
    #[http(GET, "/")]
    #[idempotent]
    pub async fn page(&self, after: Option<Cursor>) -> Result<Html> {
        let count = self.registry.crates.count().await?;
        let versions = self.registry.versions.count().await?;
        Ok(page::list(&self.list(after, None).await?, count, versions))
    }

    /// One crate as a page for a browser.
    #[http(GET, "/pages/{name}")]
    #[idempotent]
    pub async fn crate_page(&self, name: &str) -> Result<Option<Html>> {
        let Some(details) = self.get(name).await? else { return Ok(None) };
        Ok(Some(page::details(&details, &self.dependents_of(name).await?)))
    }
}

impl Catalog {
    /// A catalogue made by hand, as a test does.
    #[must_use]
    pub fn over(registry: Registry) -> Self {
        Self { registry }
    }
}
