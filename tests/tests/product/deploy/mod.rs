//! `cargo cell deploy` on real daemons, with real processes under real requests.

mod killed;
mod load;
mod refused;
mod site;
mod whole;
