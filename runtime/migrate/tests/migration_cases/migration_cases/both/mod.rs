//! Cases that both engines share: names, histories, and what else came to mind.

mod columns;
mod histories;
mod names;
mod references;
mod values;
