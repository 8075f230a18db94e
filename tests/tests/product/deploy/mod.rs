//! `cargo cell deploy` on real daemons, with real processes under real requests.

mod guide;
mod killed;
mod load;
mod refused;
mod region;
mod site;
mod whole;
