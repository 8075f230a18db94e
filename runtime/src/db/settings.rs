//! How a database's connections behave: as its attribute says, or the environment, which comes first, or as is sound for most.
//! In: [`DatabaseInfo`] and variables such as `CELL_SHOP_POOL`. Out: numbers and durations. Absent: where the database is.

use std::time::Duration;

use super::error::DataError;
use super::model::{DatabaseInfo, Timeouts};

/// The most connections, and statements of each: far more than is of use, and no more than can be had.
const MOST: u32 = 10_000;

/// The longest time that the engines take, in milliseconds.
const LONGEST: u64 = 24 * 86_400_000;

/// What a replica may be told to be behind at most, in milliseconds: how far one is, is known to two seconds, and so long.
const BEHIND: (u64, u64) = (3_000, 15 * 60_000);

/// What is said of a database's connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// The largest number of connections, where one is said.
    pub(crate) pool: Option<u32>,
    /// How many statements each connection keeps prepared.
    pub(crate) statements: usize,
    /// A statement that takes longer is told in the log.
    pub(crate) slow: Duration,
    pub(crate) timeouts: Timeouts,
}

impl Settings {
    /// Those of a database. `variable` gives an environment variable.
    ///
    /// # Errors
    /// A variable holds no number or duration.
    pub(crate) fn find(
        info: &DatabaseInfo,
        variable: impl Fn(&str) -> Result<Option<String>, DataError>,
    ) -> Result<Self, DataError> {
        let named = |setting: &str| ["CELL_", &info.name.to_ascii_uppercase(), "_", setting].concat();
        let said = |setting: &str| -> Result<_, DataError> {
            let name = named(setting);
            let text = variable(&name)?.filter(|text| !text.is_empty());
            Ok((name, text))
        };
        let refuse = |name: &str, wanted: &str| {
            DataError::open(info.name, format!("the environment variable `{name}` is not {wanted}"))
        };
        let number = |setting: &str, declared: Option<u32>| match said(setting)? {
            (name, Some(text)) => match text.parse() {
                Ok(number @ 1..=MOST) => Ok(Some(number)),
                _ => Err(refuse(&name, "a number from 1 to 10000")),
            },
            (_, None) => Ok(declared.map(|number| number.clamp(1, MOST))),
        };
        let within = |setting: &str, declared: Option<u64>, (least, most), wanted: &str| match said(setting)? {
            (name, Some(text)) => match milliseconds(&text).filter(|time| (least..=most).contains(time)) {
                Some(time) => Ok(Some(time)),
                None => Err(refuse(&name, wanted)),
            },
            (_, None) => Ok(declared.map(|time| time.clamp(least, most))),
        };
        let time = |setting: &str, declared: Option<u64>| {
            within(setting, declared, (1, LONGEST), "a duration up to `24d`, such as `250ms` or `30s`")
        };
        let Timeouts { acquire, statement, lock, idle, replica, behind } = info.timeouts;
        Ok(Self {
            pool: number("POOL", info.pool)?,
            statements: number("STATEMENTS", info.statements)?.map_or(512, |number| number as usize),
            slow: Duration::from_millis(time("SLOW", info.slow)?.unwrap_or(1_000)),
            timeouts: Timeouts {
                acquire: time("TIMEOUT_ACQUIRE", acquire)?,
                statement: time("TIMEOUT_STATEMENT", statement)?,
                lock: time("TIMEOUT_LOCK", lock)?,
                idle: time("TIMEOUT_IDLE", idle)?,
                replica: time("TIMEOUT_REPLICA", replica)?,
                behind: within("TIMEOUT_BEHIND", behind, BEHIND, "a duration from `3s` to `15m`")?,
            },
        })
    }
}

/// A duration such as `250ms`, `30s`, `10m`, `1h` or `2d`, in milliseconds.
pub(crate) fn milliseconds(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let unit: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::db::EngineInfo;

    const INFO: DatabaseInfo = DatabaseInfo {
        name: "shop",
        engine: EngineInfo::Sqlite { file: "shop.db" },
        pool: Some(3),
        statements: None,
        slow: Some(250),
        timeouts: Timeouts { lock: Some(2_000), ..Timeouts::DEFAULT },
        tables: &[],
    };

    fn find(variables: &[(&str, &str)]) -> Result<Settings, DataError> {
        let variables: BTreeMap<_, _> = variables.iter().copied().collect();
        Settings::find(&INFO, |name| Ok(variables.get(name).map(ToString::to_string)))
    }

    #[test]
    fn the_environment_comes_before_the_attribute() {
        let settings = find(&[]).unwrap();
        assert_eq!((settings.pool, settings.statements, settings.slow), (Some(3), 512, Duration::from_millis(250)));
        assert_eq!(
            (settings.timeouts.lock(), settings.timeouts.acquire()),
            (Duration::from_secs(2), Duration::from_secs(30))
        );
        let said = [
            ("CELL_SHOP_POOL", "20"),
            ("CELL_SHOP_STATEMENTS", "64"),
            ("CELL_SHOP_SLOW", "2s"),
            ("CELL_TILL_POOL", "9"),
        ];
        let settings = find(&said).unwrap();
        assert_eq!((settings.pool, settings.statements, settings.slow), (Some(20), 64, Duration::from_secs(2)));
        let said = ["ACQUIRE", "STATEMENT", "LOCK", "IDLE", "REPLICA", "BEHIND"]
            .map(|name| format!("CELL_SHOP_TIMEOUT_{name}"));
        let said: Vec<_> =
            said.iter().zip(["1s", "2m", "3h", "4d", "5ms", "15m"]).map(|(name, text)| (name.as_str(), text)).collect();
        let Timeouts { acquire, statement, lock, idle, replica, behind } = find(&said).unwrap().timeouts;
        assert_eq!(
            [acquire, statement, lock, idle, replica, behind],
            [Some(1_000), Some(120_000), Some(10_800_000), Some(345_600_000), Some(5), Some(900_000)]
        );
    }

    #[test]
    fn a_variable_that_holds_something_else_is_named() {
        for (name, text) in [
            ("CELL_SHOP_POOL", "0"),
            ("CELL_SHOP_POOL", "many"),
            ("CELL_SHOP_POOL", "10001"),
            ("CELL_SHOP_TIMEOUT_LOCK", "25d"),
            ("CELL_SHOP_TIMEOUT_BEHIND", "1s"),
            ("CELL_SHOP_TIMEOUT_BEHIND", "16m"),
            ("CELL_SHOP_STATEMENTS", "-1"),
            ("CELL_SHOP_SLOW", "1"),
            ("CELL_SHOP_SLOW", "0s"),
            ("CELL_SHOP_TIMEOUT_IDLE", "99999999999999999999d"),
        ] {
            let error = find(&[(name, text)]).unwrap_err().to_string();
            assert!(error.starts_with("can't open `shop`: ") && error.contains(name), "{error}");
        }
        assert!(find(&[("CELL_SHOP_POOL", "")]).is_ok(), "empty is unset");
    }
}
