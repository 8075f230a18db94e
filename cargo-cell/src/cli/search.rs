//! The arguments of `search`. Absent: doing anything.

use clap::{Args, Subcommand};

use super::Compile;

/// Arguments of `search`.
#[derive(Debug, Args)]
pub(crate) struct Search {
    #[command(subcommand)]
    pub(crate) action: SearchAction,
}

/// What `search` does. Whether the application runs meanwhile makes no difference.
#[derive(Debug, Subcommand)]
pub(crate) enum SearchAction {
    /// Show how the indexes stand: how far behind, how large, what they can't take
    ///
    /// Changes nothing, and exits 3 where an index is not built.
    #[command(after_help = "Example:\n  cargo cell search status --message-format json")]
    Status(Indexes),
    /// Build the indexes anew, beside the ones that are searched until then
    ///
    /// A process that writes an index is asked to build it; where none runs, this command builds. Stopped in the middle, it leaves
    /// everything as it was, and what was asked for is done by the next process that writes.
    #[command(after_help = "Example:\n  cargo cell search rebuild shop.products")]
    Rebuild(Indexes),
    /// Compare every row of the tables with the indexes
    ///
    /// Changes that are not followed yet are no difference. Exits 3 where anything else differs.
    #[command(after_help = "Example:\n  cargo cell search verify shop.products")]
    Verify(Indexes),
}

/// Which indexes of which application.
#[derive(Debug, Args)]
pub(crate) struct Indexes {
    /// The indexes, such as `shop.products`; all where none is named
    #[arg(value_name = "INDEX")]
    pub(crate) indexes: Vec<String>,
    #[command(flatten)]
    pub(crate) compile: Compile,
}

impl SearchAction {
    /// What it works on.
    pub(crate) fn indexes(&self) -> &Indexes {
        match self {
            Self::Status(indexes) | Self::Rebuild(indexes) | Self::Verify(indexes) => indexes,
        }
    }

    pub(super) fn indexes_mut(&mut self) -> &mut Indexes {
        match self {
            Self::Status(indexes) | Self::Rebuild(indexes) | Self::Verify(indexes) => indexes,
        }
    }

    /// The program's word for it.
    pub(crate) fn mode(&self) -> &'static str {
        match self {
            Self::Status(_) => "status",
            Self::Rebuild(_) => "rebuild",
            Self::Verify(_) => "verify",
        }
    }

    /// The command's name.
    pub(crate) fn command(&self) -> &'static str {
        match self {
            Self::Status(_) => "search status",
            Self::Rebuild(_) => "search rebuild",
            Self::Verify(_) => "search verify",
        }
    }
}
