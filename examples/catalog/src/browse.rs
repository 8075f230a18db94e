//! The catalogue: what people and programs ask of the registry's tables.

use std::collections::HashMap;

use cell::prelude::*;
use cell::search::SearchError;

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

/// How much a crate is depended on.
#[cell::message]
#[derive(Clone, Debug, PartialEq)]
pub struct Popular {
    /// Its name.
    pub name: String,
    /// How many versions on this machine depend on it.
    pub dependents: i64,
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

/// What a search found.
#[cell::message]
#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    /// The best first.
    pub hits: Vec<Hit>,
    /// How many there are in all.
    pub count: u64,
    /// How many there are of each licence, the most frequent first.
    pub licenses: Vec<LicenseCount>,
}

/// A crate that was found.
#[cell::message]
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its licence.
    pub license: Option<String>,
    /// How well it fits; comparable within one search.
    pub score: f32,
    /// Where the words are.
    pub highlight: Highlight,
}

/// Where words were found: HTML in which they are marked and the rest is escaped, or nothing where they are elsewhere.
#[cell::message]
#[derive(Clone, Debug, PartialEq)]
pub struct Highlight {
    /// In the description.
    pub description: Option<String>,
    /// In a piece of the readme.
    pub readme: Option<String>,
}

/// How many crates have a licence.
#[cell::message]
#[derive(Clone, Debug, PartialEq)]
pub struct LicenseCount {
    /// The licence.
    pub license: String,
    /// So many.
    pub count: u64,
}

/// How many a search gives where nothing else is said, and at most.
pub(crate) const HITS: u32 = 20;
const MOST_HITS: u32 = 100;

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

    /// The crates that most versions on this machine depend on, at most `limit` (10 where it is not said, 100 at the most). Every dependency
    /// is gone through for it: so it is held, until one is written.
    #[Cache::memoize(capacity = 100)]
    #[http(GET, "/most-depended-on")]
    #[idempotent]
    pub async fn most_depended_on(&self, limit: Option<u32>) -> Result<Vec<Popular>> {
        let groups = self.registry.dependencies.group_by(|d| d.name).select(|g| (g.key(), g.count())).all().await?;
        let popular = groups.into_iter().map(|(name, dependents)| Popular { name, dependents });
        let mut popular: Vec<Popular> = popular.collect();
        popular.sort_by(|left, right| right.dependents.cmp(&left.dependents).then_with(|| left.name.cmp(&right.name)));
        popular.truncate(limit.unwrap_or(10).clamp(1, 100) as usize);
        Ok(popular)
    }

    /// Crates by name: those behind `after`, at most `limit` (50 where it is not said, 500 at the most).
    #[http(GET, "/crates")]
    #[idempotent]
    pub async fn list(&self, after: Option<Cursor>, limit: Option<u32>) -> Result<Page> {
        let limit = limit.unwrap_or(50).clamp(1, 500);
        let page = self.registry.crates.order_by(|c| c.name.asc()).after(after).page(limit).await?;
        Ok(Page { crates: page.rows, next: page.next })
    }

    /// Crates by the words of their names, descriptions and readmes: `limit` of them (20 where it is not said, 100 at the most) behind
    /// the first `offset`; all crates where there are no words. Only those of one licence where it is said.
    #[http(GET, "/search")]
    #[idempotent]
    pub async fn search(
        &self,
        q: Option<String>,
        license: Option<String>,
        limit: Option<u32>,
        offset: Option<u32>,
    ) -> Result<Results> {
        Ok(self.found(&q.unwrap_or_default(), license.as_deref(), limit, offset).await?)
    }

    /// The catalogue as a page for a browser.
    #[http(GET, "/")]
    #[idempotent]
    pub async fn page(&self, after: Option<Cursor>) -> Result<Html> {
        let count = self.registry.crates.count().await?;
        let versions = self.registry.versions.count().await?;
        Ok(page::list(&self.list(after, None).await?, count, versions))
    }

    /// What a search found as a page for a browser.
    #[http(GET, "/pages")]
    #[idempotent]
    pub async fn search_page(&self, q: Option<String>, license: Option<String>, offset: Option<u32>) -> Result<Html> {
        let (q, offset) = (q.unwrap_or_default(), offset.unwrap_or_default());
        let asked = page::Asked { q: &q, license: license.as_deref(), offset };
        match self.found(&q, license.as_deref(), None, Some(offset)).await {
            Ok(results) => Ok(page::results(asked, &results)),
            Err(SearchError::Building { .. }) => Ok(page::building(asked)),
            Err(error) => Err(error.into()),
        }
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

    async fn found(
        &self,
        q: &str,
        license: Option<&str>,
        limit: Option<u32>,
        offset: Option<u32>,
    ) -> Result<Results, SearchError> {
        let limit = limit.unwrap_or(HITS).clamp(1, MOST_HITS);
        let mut search = self.registry.readmes.search(q).lenient();
        if let Some(license) = license {
            search = search.filter_of(|r| r.package, |c| c.license.eq(license));
        }
        let found = search
            .facet_of(|r| r.package, |c| c.license)
            .highlight(|r| r.text)
            .highlight_of(|r| r.package, |c| c.description)
            .limit(limit as usize)
            .offset(offset.unwrap_or_default() as usize)
            .await?;
        // The index has words of the crates, and the tables have the crates.
        let names: Vec<String> = found.hits.iter().map(|hit| hit.row.package.clone()).collect();
        let crates = self.registry.crates.filter(|c| c.name.in_(&names)).all().await?;
        let mut crates: HashMap<String, Crate> = crates.into_iter().map(|krate| (krate.name.clone(), krate)).collect();
        let hits = found.hits.iter().filter_map(|hit| {
            let Crate { name, description, license, .. } = crates.remove(&hit.row.package)?;
            let highlight = Highlight {
                description: hit.highlight_of(|r| r.package, |c| c.description).map(|piece| html(piece, &description)),
                readme: hit.highlight(|r| r.text).map(|piece| html(piece, &hit.row.text)),
            };
            Some(Hit { name, description, license, score: hit.score, highlight })
        });
        let licenses = found.facet_of(|r| r.package, |c| c.license)?.into_iter();
        let licenses = licenses.filter_map(|(license, count)| Some(LicenseCount { license: license?, count }));
        Ok(Results { hits: hits.collect(), count: found.count, licenses: licenses.collect() })
    }
}

/// A piece of a text as HTML, with dots where more than a few signs of the text are left out.
fn html(piece: &cell::search::Highlight, text: &str) -> String {
    let (before, behind) = text.split_once(piece.text.as_str()).unwrap_or_default();
    let left_out = |rest: &str, dots: &str| {
        let is_little = rest.len() < 8 && !rest.contains(char::is_alphanumeric);
        if is_little { page::escape(rest) } else { dots.to_owned() }
    };
    [left_out(before, "… "), piece.to_html(), left_out(behind, " …")].concat()
}
