package view

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
	"google.golang.org/protobuf/encoding/protowire"

	"etcdkit/printer"
)

// MemberStatus is one member in a status of its cluster.
type MemberStatus struct {
	Name            string
	ID              uint64
	Leader, Learner bool
	Up              bool
	Version         string
	Size, InUse     int64 // of the database, in bytes
	Quota           int64 // of the database; 0 if it is not known
	Lag             int64 // entries that the leader has applied and this member has not
	Health          string
}

func (m MemberStatus) record() record {
	return record{
		{field: "Name", member: "name", v: m.Name},
		{field: "MemberID", member: "", v: hexID(m.ID)},
		{field: "Leader", member: "leader", v: m.Leader},
		{field: "Learner", member: "learner", v: m.Learner},
		{field: "Up", member: "up", v: m.Up},
		{field: "Version", member: "version", v: m.Version},
		{field: "DBSize", member: "size", v: m.Size},
		{field: "DBSizeInUse", member: "inUse", v: m.InUse},
		{field: "DBSizeQuota", member: "quota", v: m.Quota},
		{field: "Lag", member: "lag", v: m.Lag},
		{field: "Health", member: "health", v: m.Health},
	}
}

// ClusterStatus is a cluster in one look.
type ClusterStatus struct {
	Revision           int64
	Voters, Up, Quorum int
	Alarms             []string // such as "NOSPACE: m1"
	Members            []MemberStatus
	Next               []Finding // where something is wrong
}

// The widths of the columns of text for people, in characters. They add up to
// those of a terminal.
const (
	nameWidth    = 18
	versionWidth = 8
	sizeWidth    = 17
	inUseWidth   = 7
	lagWidth     = 6
	healthWidth  = width - nameWidth - versionWidth - sizeWidth - inUseWidth - lagWidth - 7
)

// Simple prints at most 80 columns: alarms, the quorum, a line for each member,
// and the commands to type next.
func (s ClusterStatus) Simple(t *printer.Text) {
	for _, a := range s.Alarms {
		t.Line(cut("alarm "+a, width))
	}
	verdict := "can't be written"
	if s.Up >= s.Quorum {
		verdict = "quorum"
	}
	t.Line(cut(fmt.Sprintf("%s: %d of %d voting members up, %d needed; revision %d", verdict, s.Up, s.Voters, s.Quorum, s.Revision), width))
	t.Byte('\n')
	t.Raw(s.line("", "NAME", "VERSION", "DATABASE", "IN USE", "LAG", "HEALTH"))
	for _, m := range s.Members {
		mark := ""
		if m.Leader {
			mark = "*"
		}
		if !m.Up {
			t.Raw(strings.TrimRight(fmt.Sprintf("%-1s %-*s %s", mark, nameWidth, cut(m.title(), nameWidth), cut(m.Health, width-nameWidth-3)), " ") + "\n")
			continue
		}
		t.Raw(s.line(mark, m.title(), m.Version, m.use(), humanize.Bytes(uint64(max(m.InUse, 0))), strconv.FormatInt(m.Lag, 10), m.Health))
	}
	for i, f := range s.Next {
		if i == 0 {
			t.Byte('\n')
		}
		t.Line(cut(f.Severity+": "+f.title()+": "+f.Evidence, width))
		t.Line("  $ " + f.Command)
	}
}

// line lays out the columns of one member.
func (s ClusterStatus) line(mark, name, version, size, inUse, lag, health string) string {
	return cut(strings.TrimRight(fmt.Sprintf("%-1s %-*s %-*s %-*s %*s %*s %s", mark, nameWidth, cut(name, nameWidth), versionWidth, cut(version, versionWidth),
		sizeWidth, size, inUseWidth, inUse, lagWidth, lag, cut(health, healthWidth)), " "), width) + "\n"
}

// title is the name, and what kind of member it is.
func (m MemberStatus) title() string {
	if m.Learner {
		return cut(m.Name, nameWidth-len(" (learner)")) + " (learner)"
	}
	return m.Name
}

// use is the size of the database and its share of the quota.
func (m MemberStatus) use() string {
	if m.Quota <= 0 {
		return humanize.Bytes(uint64(max(m.Size, 0)))
	}
	return fmt.Sprintf("%s/%s %d%%", humanize.Bytes(uint64(max(m.Size, 0))), humanize.Bytes(uint64(m.Quota)), m.Size*100/m.Quota)
}

// cut shortens text to n characters.
func cut(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n-3]) + "..."
	}
	return text
}

// Table shows a row for each member.
func (s ClusterStatus) Table(g *printer.Grid) {
	g.Header("name", "id", "leader", "learner", "version", "db size", "in use", "quota", "lag", "health")
	for _, m := range s.Members {
		bytes := func(n int64) string {
			if g.Exact() {
				return strconv.FormatInt(n, 10)
			}
			return humanize.Bytes(uint64(max(n, 0)))
		}
		g.Row(m.Name, hexID(m.ID), strconv.FormatBool(m.Leader), strconv.FormatBool(m.Learner), m.Version, bytes(m.Size), bytes(m.InUse), bytes(m.Quota),
			strconv.FormatInt(m.Lag, 10), m.Health)
	}
}

// counts are the numbers about the whole cluster.
func (s ClusterStatus) counts() []count {
	return []count{{"Revision", s.Revision}, {"Voters", int64(s.Voters)}, {"Up", int64(s.Up)}, {"Quorum", int64(s.Quorum)}}
}

// Fields lists everything.
func (s ClusterStatus) Fields(t *printer.Text) {
	for _, c := range s.counts() {
		intField(t, c.name, c.n)
	}
	for _, a := range s.Alarms {
		quotedField(t, "Alarm", []byte(a))
	}
	for _, m := range s.Members {
		t.Byte('\n')
		m.record().fields(t)
	}
	for _, f := range s.Next {
		t.Byte('\n')
		f.record().fields(t)
	}
}

// JSON prints one object.
func (s ClusterStatus) JSON(t *printer.Text) {
	o := t.Object()
	o.Keep()
	for _, c := range s.counts() {
		o.Int(strings.ToLower(c.name), c.n)
	}
	o.Strings("alarms", s.Alarms)
	array(t, o, "members", s.Members, memberStatusJSON)
	array(t, o, "findings", s.Next, findingJSON)
	o.End()
}

// Objects prints the members.
func (s ClusterStatus) Objects(l *printer.Lines) { each(l, s.Members, memberStatusJSON) }

func memberStatusJSON(t *printer.Text, m MemberStatus) {
	o := t.Object()
	o.Keep()
	o.String("name", m.Name)
	o.ID("id", m.ID)
	o.Bool("leader", m.Leader)
	o.Bool("learner", m.Learner)
	o.Bool("up", m.Up)
	o.String("version", m.Version)
	o.Int("size", m.Size)
	o.Int("inUse", m.InUse)
	o.Int("quota", m.Quota)
	o.Int("lag", m.Lag)
	o.String("health", m.Health)
	o.End()
}

// Protobuf writes a message of these definitions, of which etcd has none:
//
//	message ClusterStatus {
//	  int64 revision = 1; int64 voters = 2; int64 up = 3; int64 quorum = 4;
//	  repeated string alarms = 5; repeated Member members = 6; repeated Finding findings = 7; // Finding as of Diagnosis
//	}
//	message Member {
//	  string name = 1; string id = 2; bool leader = 3; bool learner = 4; bool up = 5; string version = 6;
//	  int64 size = 7; int64 in_use = 8; int64 quota = 9; int64 lag = 10; string health = 11;
//	}
func (s ClusterStatus) Protobuf(t *printer.Text) {
	var b []byte
	for i, c := range s.counts() {
		b = appendNumber(b, protowire.Number(i+1), uint64(c.n))
	}
	for _, a := range s.Alarms {
		b = appendString(b, 5, a)
	}
	for _, m := range s.Members {
		b = appendString(b, 6, string(m.record().message()))
	}
	for _, f := range s.Next {
		b = appendString(b, 7, string(f.record().message()))
	}
	t.Raw(string(b))
}
