package doctor

import (
	"crypto/x509"
	"strconv"
	"strings"
	"time"

	"github.com/coreos/go-semver/semver"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// Need is a set of things that checks look at and that may be out of reach.
type Need int

// What may be out of reach.
const (
	NeedMembers Need = 1 << iota // the member list
	NeedStatus                   // status of each member
	NeedMetrics                  // /metrics of each member
	NeedFlags                    // the flags that each server was started with, from /debug/vars
	NeedHashes                   // hashes of the members' keys
	NeedAlarms                   // the alarms
	NeedAuth                     // whether authentication is on, and root's roles
	NeedLeases                   // the number of leases
	NeedKeys                     // keys, without values
	NeedQuota                    // the quota of each member's database
	NeedBackup                   // the repository of backups
	NeedV2                       // the keys of the v2 interface
)

// Needs returns what some checks need together.
func Needs(checks []Check) Need {
	all := Need(0)
	for _, c := range checks {
		all |= c.Needs
	}
	return all
}

// Missing is something that a picture lacks.
type Missing struct {
	Need      Need
	What, Why string
}

// Picture is what was seen of a cluster at one time. Checks only read it.
type Picture struct {
	At        time.Time
	ClusterID uint64
	Members   []Member // sorted by name
	Strays    []Visit  // given endpoints that no member answered
	Alarms    []*pb.AlarmMember
	Auth      *Auth // nil if it is not known
	Leases    int   // how many; -1 if it is not known
	Keys      []Key // a sample
	KeysOf    int64 // how many keys there are; 0 if it is not known
	Missing   []Missing

	Backup, Repo string // what is wrong with the newest backup, and in which repository
	UpgradeTo    string // the release that the cluster is to be upgraded to, such as 3.6; "" for none
}

// Auth is the state of authentication.
type Auth struct {
	Enabled  bool
	RootUser bool // the user root exists and has the role root; looked up only while authentication is off
}

// Key is a key and how often it was changed.
type Key struct {
	Name                        string
	Versions, CreateRev, ModRev int64
}

// Member is a member of the member list, and how it answered.
type Member struct {
	ID                   uint64
	Name                 string // "" if it was never started
	Learner              bool
	PeerURLs, ClientURLs []string
	Visits               []Visit            // at the client URLs that it advertises, in their order
	Seen                 *Visit             // one that the member itself answered; nil if there is none
	Hash                 *pb.HashKVResponse // at the revision that all members have; nil if it is not known
	GivenQuota           int64              // in place of a quota that can't be seen; 0 if there is none
}

// Visit is how one address answered.
type Visit struct {
	Endpoint  string
	Given     bool  // by the user; otherwise a member advertises it
	Err       error // why it did not answer; nil if it did, even to refuse a request
	Refused   error // why it did not tell its status, although it answered
	MemberID  uint64
	ClusterID uint64 // of the one that answered; 0 if it is not known
	Status    *pb.StatusResponse
	Web       Web
}

// Web is what an address serves over HTTP.
type Web struct {
	Err     error // why there is no answer at all
	Metrics Metrics
	NoStats error    // why there are no metrics, although it answered
	Args    []string // the server's command line, from /debug/vars; nil if it is not known
	V2Keys  int      // keys of the v2 interface in its root; -1 if it is not served

	Clock    time.Duration // how far the server's clock is ahead of ours
	ClockErr time.Duration // the largest error of Clock; 0 if Clock is not known

	Chain      []*x509.Certificate // that the server showed, its own first
	AsksClient bool                // the server asked for a client's certificate
}

// Label is the name of the member in messages: its name, or its id in
// hexadecimal.
func (m *Member) Label() string {
	if m.Name == "" {
		return m.Hex()
	}
	return m.Name
}

// Hex is the member's id as etcdctl's commands accept it.
func (m *Member) Hex() string { return strconv.FormatUint(m.ID, 16) }

// Up reports whether the member itself answered.
func (m *Member) Up() bool { return m.Seen != nil }

// Status returns the member's status, or nil.
func (m *Member) Status() *pb.StatusResponse {
	if m == nil || m.Seen == nil {
		return nil
	}
	return m.Seen.Status
}

// Metrics returns the member's metrics; none if they can't be read.
func (m *Member) Metrics() Metrics {
	if m.Seen == nil {
		return nil
	}
	return m.Seen.Web.Metrics
}

// Version returns the release of the member's server, or nil.
func (m *Member) Version() *semver.Version {
	text := m.Metrics().Label("etcd_server_version", "server_version")
	if s := m.Status(); s != nil {
		text = s.GetVersion()
	}
	v, err := semver.NewVersion(text)
	if err != nil {
		return nil
	}
	return v
}

// Leads reports whether the member believes that it leads.
func (m *Member) Leads() bool {
	if s := m.Status(); s != nil {
		return s.GetLeader() != 0 && s.GetLeader() == m.ID
	}
	v, ok := m.Metrics().Value("etcd_server_is_leader")
	return ok && v == 1
}

// HasLeader reports whether the member knows a leader. ok is false if that is
// not known.
func (m *Member) HasLeader() (has, ok bool) {
	if s := m.Status(); s != nil {
		return s.GetLeader() != 0, true
	}
	v, ok := m.Metrics().Value("etcd_server_has_leader")
	return v == 1, ok
}

// Quota returns the limit of the member's database in bytes, 0 if it is not
// known. 3.5 reports it in its metrics only.
func (m *Member) Quota() int64 {
	if s := m.Status(); s.GetDbSizeQuota() > 0 {
		return s.GetDbSizeQuota()
	}
	if v, ok := m.Metrics().Value("etcd_server_quota_backend_bytes"); ok {
		return int64(v)
	}
	return m.GivenQuota
}

// Uptime returns for how long the member's server has been running, 0 if that
// is not known.
func (m *Member) Uptime(at time.Time) time.Duration {
	start, ok := m.Metrics().Value("process_start_time_seconds")
	if !ok {
		return 0
	}
	server := at.Add(m.Seen.Web.Clock)
	return max(server.Sub(time.UnixMilli(int64(start*1000))), 0)
}

// Flag returns the value of a flag that the member's server was started with.
// given is false if it is not on the command line.
func (m *Member) Flag(name string) (value string, given bool) {
	if m.Seen == nil {
		return "", false
	}
	args := m.Seen.Web.Args
	for i, arg := range args {
		rest, is := strings.CutPrefix(strings.TrimPrefix(arg, "-"), "-"+name)
		switch {
		case !is:
		case rest == "" && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-"):
			return args[i+1], true
		case rest == "":
			return "true", true
		case rest[0] == '=':
			return rest[1:], true
		}
	}
	return "", false
}

// Leader returns the member that leads, or nil. If two believe that they do, it
// is the one of the later term.
func (p *Picture) Leader() *Member {
	var leader *Member
	for i := range p.Members {
		m := &p.Members[i]
		if m.Leads() && (leader == nil || m.Status().GetRaftTerm() > leader.Status().GetRaftTerm()) {
			leader = m
		}
	}
	return leader
}

// Led reports whether a member knows a leader, or may know one.
func (p *Picture) Led() bool {
	for i := range p.Members {
		if has, known := p.Members[i].HasLeader(); p.Members[i].Up() && (has || !known) {
			return true
		}
	}
	return false
}

// Revision returns the latest revision that a member has reported.
func (p *Picture) Revision() int64 {
	latest := int64(0)
	for i := range p.Members {
		latest = max(latest, p.Members[i].Status().GetHeader().GetRevision())
	}
	return latest
}

// Compacted returns the revision of the last compaction: 0 if there was none.
// ok is false if it is not known.
func (p *Picture) Compacted() (rev int64, ok bool) {
	for i := range p.Members {
		m := &p.Members[i]
		if v, has := m.Metrics().Value("etcd_debugging_mvcc_compact_revision"); has {
			rev, ok = max(rev, int64(v)), true
		}
		if m.Hash != nil {
			rev, ok = max(rev, m.Hash.GetCompactRevision()), true
		}
	}
	return rev, ok
}

// Voters returns how many members vote, and how many of these are up.
func (p *Picture) Voters() (all, up int) {
	for i := range p.Members {
		m := &p.Members[i]
		if m.Learner {
			continue
		}
		all++
		if m.Up() {
			up++
		}
	}
	return all, up
}

// each calls f for every member that is up.
func (p *Picture) each(f func(*Member)) {
	for i := range p.Members {
		if p.Members[i].Up() {
			f(&p.Members[i])
		}
	}
}

// member returns the member with an id, or nil.
func (p *Picture) member(id uint64) *Member {
	for i := range p.Members {
		if p.Members[i].ID == id {
			return &p.Members[i]
		}
	}
	return nil
}
