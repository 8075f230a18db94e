//! The attributes under the names they are written by: `Database::table` is the macro `table` of the module `Database`.
//! A module and a macro may share a name (`Placement` and `Placement::near`), so that both forms read well.

#![expect(non_snake_case, reason = "attributes are named for what they are about, as types are")]

pub use cell_attrs::{handler, message, placement as Placement, service};

/// Databases, tables and what columns hold.
pub mod Database {
    pub use cell_attrs::{
        database_enumeration as enumeration, database_postgres as postgres, database_row as row,
        database_sqlite as sqlite, database_table as table, database_value as value,
    };
}

/// Search indexes.
pub mod Search {
    pub use cell_attrs::search_index as index;
}

/// Caches.
pub mod Cache {
    pub use cell_attrs::cache_memoize as memoize;
}

/// Where cells may run; of these none works yet.
pub mod Placement {
    pub use cell_attrs::{placement_near as near, placement_optimize_for as optimize_for};
}

/// What calls may cost; none works yet.
pub mod Latency {
    pub use cell_attrs::{latency_budget as budget, latency_calls as calls};
}

/// What to make cheap; none works yet.
pub mod Optimize {
    pub use cell_attrs::optimize_for_latency as for_latency;
}

/// Calls that run where their data is; none works yet.
pub mod Compute {
    pub use cell_attrs::compute_nearest as nearest;
}

/// Data that draws calls to itself; none works yet.
pub mod Data {
    pub use cell_attrs::data_gravity as gravity;
}

/// Spans; none works yet.
pub mod Telemetry {
    pub use cell_attrs::telemetry_span as span;
}

/// Offers of capacity; none works yet.
pub mod Market {
    pub use cell_attrs::market_offer as offer;
}

/// Prices; none works yet.
pub mod Economy {
    pub use cell_attrs::economy_optimize_for as optimize_for;
}

/// Work spread over regions; none works yet.
pub mod GlobalCompute {
    pub use cell_attrs::{
        global_compute_auto_migrate as auto_migrate, global_compute_distribute as distribute,
        global_compute_immortal as immortal,
    };
}

/// Routes between regions; none works yet.
pub mod GlobalMesh {
    pub use cell_attrs::global_mesh_route as route;
}

/// Agreement between regions; none works yet.
pub mod GlobalConsensus {
    pub use cell_attrs::global_consensus_replicate as replicate;
}
