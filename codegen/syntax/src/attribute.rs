//! The attributes by name: which there are, how each is written, and which work today.
//! Absent: their arguments, and how a path in a source comes to mean one of them.

/// One of Cell's attributes that stand on an item (not the helpers inside one, such as `key`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each variant is the attribute of its name")]
pub enum Attribute {
    DatabaseSqlite,
    DatabasePostgres,
    DatabaseTable,
    DatabaseEnumeration,
    DatabaseValue,
    DatabaseRow,
    Message,
    Service,
    Handler,
    SearchIndex,
    CacheMemoize,
    Placement,
    PlacementNear,
    PlacementOptimizeFor,
    LatencyBudget,
    LatencyCalls,
    OptimizeForLatency,
    ComputeNearest,
    DataGravity,
    TelemetrySpan,
    MarketOffer,
    EconomyOptimizeFor,
    GlobalComputeDistribute,
    GlobalComputeAutoMigrate,
    GlobalComputeImmortal,
    GlobalMeshRoute,
    GlobalConsensusReplicate,
}

impl Attribute {
    /// Every attribute.
    pub const ALL: [Self; 27] = [
        Self::DatabaseSqlite,
        Self::DatabasePostgres,
        Self::DatabaseTable,
        Self::DatabaseEnumeration,
        Self::DatabaseValue,
        Self::DatabaseRow,
        Self::Message,
        Self::Service,
        Self::Handler,
        Self::SearchIndex,
        Self::CacheMemoize,
        Self::Placement,
        Self::PlacementNear,
        Self::PlacementOptimizeFor,
        Self::LatencyBudget,
        Self::LatencyCalls,
        Self::OptimizeForLatency,
        Self::ComputeNearest,
        Self::DataGravity,
        Self::TelemetrySpan,
        Self::MarketOffer,
        Self::EconomyOptimizeFor,
        Self::GlobalComputeDistribute,
        Self::GlobalComputeAutoMigrate,
        Self::GlobalComputeImmortal,
        Self::GlobalMeshRoute,
        Self::GlobalConsensusReplicate,
    ];

    /// Its path below the crate `cell`, as it is written: `Database::table`.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::DatabaseSqlite => "Database::sqlite",
            Self::DatabasePostgres => "Database::postgres",
            Self::DatabaseTable => "Database::table",
            Self::DatabaseEnumeration => "Database::enumeration",
            Self::DatabaseValue => "Database::value",
            Self::DatabaseRow => "Database::row",
            Self::Message => "message",
            Self::Service => "service",
            Self::Handler => "handler",
            Self::SearchIndex => "Search::index",
            Self::CacheMemoize => "Cache::memoize",
            Self::Placement => "Placement",
            Self::PlacementNear => "Placement::near",
            Self::PlacementOptimizeFor => "Placement::optimize_for",
            Self::LatencyBudget => "Latency::budget",
            Self::LatencyCalls => "Latency::calls",
            Self::OptimizeForLatency => "Optimize::for_latency",
            Self::ComputeNearest => "Compute::nearest",
            Self::DataGravity => "Data::gravity",
            Self::TelemetrySpan => "Telemetry::span",
            Self::MarketOffer => "Market::offer",
            Self::EconomyOptimizeFor => "Economy::optimize_for",
            Self::GlobalComputeDistribute => "GlobalCompute::distribute",
            Self::GlobalComputeAutoMigrate => "GlobalCompute::auto_migrate",
            Self::GlobalComputeImmortal => "GlobalCompute::immortal",
            Self::GlobalMeshRoute => "GlobalMesh::route",
            Self::GlobalConsensusReplicate => "GlobalConsensus::replicate",
        }
    }

    /// The attribute of this path below the crate `cell`.
    #[must_use]
    pub fn from_path(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|attribute| attribute.path() == path)
    }

    /// Whether it works. One that does not is an error where it is written, never a silent no-op.
    #[must_use]
    pub fn works(self) -> bool {
        matches!(
            self,
            Self::DatabaseSqlite
                | Self::DatabasePostgres
                | Self::DatabaseTable
                | Self::DatabaseEnumeration
                | Self::DatabaseValue
                | Self::DatabaseRow
                | Self::Message
                | Self::Service
                | Self::Handler
                | Self::SearchIndex
                | Self::CacheMemoize
                | Self::Placement
        )
    }
}
