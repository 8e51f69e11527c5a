//! What one tenant may send (`tenant_limits`): a bucket of items each, one for all shards.
//!
//! ```text
//!  header names the tenant:    in debt? refused at the head ... taken: pays after the scan
//!  attribute names the tenant: in debt? its groups are left out ... the others pay after admission
//! ```
//! A tenant that is not in debt is taken whole, however large the request, and pays for it
//! afterwards: so the rate holds in the long run, and what is in flight at once goes beyond it.
//! Requests that are refused for another reason pay nothing. Who sends no name is the tenant whose
//! name is empty. The name is the client's word: it is a quota between friends where nobody asks
//! for credentials.

mod table;

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use http::HeaderMap;
use spanyard_wire::request::Request;
use spanyard_wire::resource::Resource;
use spanyard_wire::value::Kind;

use super::arrival::{Refusal, Verdict};
use crate::config::plan::{Quota, TenantKey, TenantLimits};
use crate::runtime::clock;
use crate::telemetry::names::TenantMeter;
pub use table::Table;

/// The longest delay that a refusal names, in seconds.
const AFTER_MAX: u64 = 30;
/// Memory for this many groups is kept from request to request.
const GROUPS_KEPT: usize = 1024;
const NANOS: u64 = 1_000_000_000;

/// The quotas of one plan on one shard.
pub struct Tenants {
    limits: TenantLimits,
    table: Arc<Table>,
    /// By the rows of the limits.
    meters: Vec<TenantMeter>,
    /// Of tenants without a row.
    others: TenantMeter,
}

/// Who pays for a request.
#[derive(Clone, Copy, Debug)]
pub struct Tenant {
    print: u64,
    quota: Quota,
    row: Option<usize>,
}

/// What quotas say of the groups of one request. Reused from request to request.
#[derive(Debug, Default)]
pub(super) struct Ruling {
    /// Groups that are left out, ascending.
    pub(super) over: Vec<usize>,
    /// Items in them.
    pub(super) items: u64,
    /// When the first of their tenants is out of debt, in seconds.
    seconds: u64,
    payers: Vec<(Tenant, u64)>,
}

impl fmt::Debug for Tenants {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tenants").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Tenants {
    /// Quotas over `table`; `meter` makes the counters of a tenant by its name, those of all
    /// tenants without a row by the empty name.
    #[must_use]
    pub fn new(
        limits: &TenantLimits,
        table: Arc<Table>,
        meter: &dyn Fn(&str) -> TenantMeter,
    ) -> Rc<Self> {
        let meters = limits.tenants.iter().map(|(name, _)| meter(name)).collect();
        Rc::new(Self { limits: limits.clone(), table, meters, others: meter("") })
    }

    /// The tenant of a request with these headers, if a header names it and it has a quota.
    ///
    /// # Errors
    /// [`Refusal::Quota`]: it is in debt. This has been counted.
    pub fn at_the_head(&self, headers: &HeaderMap) -> Result<Option<Tenant>, Refusal> {
        let TenantKey::Header(header) = &self.limits.key else { return Ok(None) };
        let name = headers.get(header).map_or(&b""[..], |value| value.as_bytes());
        let Some(tenant) = self.tenant(name) else { return Ok(None) };
        match self.seconds(&tenant, clock::now()) {
            0 => Ok(Some(tenant)),
            seconds => {
                self.meter(&tenant).requests.increment(1);
                Err(Refusal::Quota { seconds })
            }
        }
    }

    /// Goes over the groups of a request whose tenants are named by an attribute. `Some`: none of
    /// its items may pass.
    pub(super) fn judge(
        &self,
        bytes: &[u8],
        request: &Request,
        ruling: &mut Ruling,
    ) -> Option<Refusal> {
        ruling.clear();
        let TenantKey::Attribute(key) = &self.limits.key else { return None };
        let now = clock::now();
        for (index, group) in request.groups.iter().enumerate() {
            let found = Resource::of(group.body.of(bytes)).find(key.as_bytes());
            let name = match found.map(|value| value.kind()) {
                Some(Kind::String(text)) => text,
                _ => b"",
            };
            let Some(tenant) = self.tenant(name) else { continue };
            let items = u64::from(group.items);
            match self.seconds(&tenant, now) {
                0 => ruling.pays(tenant, items),
                seconds => {
                    self.meter(&tenant).items.increment(items);
                    ruling.leave_out(index, items, seconds);
                }
            }
        }
        let all = ruling.items > 0 && ruling.items == request.items;
        all.then_some(Refusal::Quota { seconds: ruling.seconds })
    }

    /// Has those pay who sent what was taken: `accepted` items of the one tenant that the head
    /// named, and the groups that were not left out.
    pub(super) fn settle(&self, named: Option<Tenant>, accepted: u64, ruling: &Ruling) {
        let now = clock::now();
        let named = named.map(|tenant| (tenant, accepted));
        for (tenant, items) in named.iter().chain(&ruling.payers) {
            self.table.pay(tenant.print, tenant.quota, *items, now);
        }
    }

    /// `None`: it has no quota.
    fn tenant(&self, name: &[u8]) -> Option<Tenant> {
        let rows = &self.limits.tenants;
        let row = rows.binary_search_by(|(known, _)| known.as_bytes().cmp(name)).ok();
        let own = row.and_then(|row| rows.get(row)).map(|(_, quota)| *quota);
        let quota = own.or(self.limits.default)?;
        Some(Tenant { print: self.table.print(name), quota, row })
    }

    /// Seconds until the tenant is out of debt; 0: it is not in debt.
    fn seconds(&self, tenant: &Tenant, now: Instant) -> u64 {
        match self.table.debt(tenant.print, tenant.quota, now) {
            0 => 0,
            nanos => nanos.div_ceil(NANOS).clamp(1, AFTER_MAX),
        }
    }

    fn meter(&self, tenant: &Tenant) -> &TenantMeter {
        tenant.row.and_then(|row| self.meters.get(row)).unwrap_or(&self.others)
    }
}

impl Ruling {
    fn clear(&mut self) {
        self.over.clear();
        self.over.shrink_to(GROUPS_KEPT);
        self.payers.clear();
        self.payers.shrink_to(GROUPS_KEPT);
        (self.items, self.seconds) = (0, 0);
    }

    fn pays(&mut self, tenant: Tenant, items: u64) {
        // Groups of one tenant stand together as a rule.
        match self.payers.last_mut() {
            Some((last, sum)) if last.print == tenant.print => *sum = sum.saturating_add(items),
            _ => self.payers.push((tenant, items)),
        }
    }

    fn leave_out(&mut self, group: usize, items: u64, seconds: u64) {
        self.over.push(group);
        self.items = self.items.saturating_add(items);
        self.seconds = if self.seconds == 0 { seconds } else { self.seconds.min(seconds) };
    }

    /// The verdict on the rest, with what was left out.
    pub(super) fn amend(&self, verdict: Verdict) -> Verdict {
        const WHY: &str = "tenants of some resources are over their quota";
        let ours = self.items;
        match verdict {
            verdict if ours == 0 => verdict,
            Verdict::Accepted { hold: None } => {
                Verdict::Partial { rejected: ours, message: WHY.to_owned() }
            }
            Verdict::Accepted { hold: Some(hold) } => {
                Verdict::Limited { rejected: ours, message: WHY.to_owned(), hold }
            }
            Verdict::Partial { rejected, message } => Verdict::Partial {
                rejected: rejected.saturating_add(ours),
                message: format!("{message}; {WHY}"),
            },
            other @ (Verdict::Limited { .. } | Verdict::Refused(_)) => other,
        }
    }
}
