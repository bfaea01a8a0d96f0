package view

import (
	"fmt"
	"strconv"
	"strings"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/printer"
)

// Membership is a response that says which members the cluster has now.
type Membership interface {
	proto.Message
	GetHeader() *etcdserverpb.ResponseHeader
	GetMembers() []*etcdserverpb.Member
}

// Members is the part that the results of all member commands have in common.
type Members struct{ Membership }

// MemberList is the result of a member list.
type MemberList struct{ Members }

// Objects prints the members.
func (m MemberList) Objects(l *printer.Lines) { messages(l, m.GetMembers()) }

// Simple prints a line of comma-separated columns for each member.
func (m Members) Simple(t *printer.Text) {
	for _, one := range m.GetMembers() {
		t.Line(strings.Join(memberRow(one), ", "))
	}
}

// Fields lists header and members.
func (m Members) Fields(t *printer.Text) {
	headerFields(t, m.GetHeader())
	for _, one := range m.GetMembers() {
		memberFields(t, one)
	}
}

// Table shows the members.
func (m Members) Table(g *printer.Grid) {
	g.Header("ID", "Status", "Name", "Peer Addrs", "Client Addrs", "Is Learner")
	for _, one := range m.GetMembers() {
		g.Row(memberRow(one)...)
	}
}

// Message returns the response.
func (m Members) Message() proto.Message { return m.Membership }

// JSON prints the response. With --hex, ids are strings, and all members but
// the details of a cluster member are printed even if empty. 3.5 and 3.6 print
// less of a member list, and ids of other results in decimal.
func (m Members) JSON(t *printer.Text) {
	old := !t.Whole() && t.Release.HexIDs == printer.HexMemberList
	_, list := m.Membership.(*etcdserverpb.MemberListResponse)
	switch {
	case t.Hex && old && list:
		m.oldHexJSON(t)
	case t.Hex && !old:
		t.HexIDs(func() {
			o := t.Object()
			o.Keep()
			o.Fields(m.Membership, nil)
			o.End()
		})
	default:
		t.MessageJSON(m.Membership)
	}
}

// oldHexJSON prints a member list as 3.5 and 3.6 do with --hex.
func (m Members) oldHexJSON(t *printer.Text) {
	h := m.GetHeader()
	t.Printf(`{"header":{"cluster_id":"%x","member_id":"%x","raft_term":%d}`, h.GetClusterId(), h.GetMemberId(), h.GetRaftTerm())
	for i, one := range m.GetMembers() {
		if i == 0 {
			t.Raw(`,"members":[`)
		} else {
			t.Byte(',')
		}
		t.Printf(`{"ID":"%x","name":"%s","peerURLs":`, one.GetID(), one.GetName())
		urlsJSON(t, one.GetPeerURLs())
		t.Printf(`,"%s":`, t.Release.ClientURLs)
		urlsJSON(t, one.GetClientURLs())
		t.Byte('}')
	}
	if len(m.GetMembers()) > 0 {
		t.Byte(']')
	}
	t.Byte('}')
}

// urlsJSON prints an array of strings, null if it is empty.
func urlsJSON(t *printer.Text, urls []string) {
	if urls == nil {
		t.Raw("null")
		return
	}
	a := t.Array()
	for _, u := range urls {
		a.Next()
		t.JSONString(u)
	}
	a.End()
}

// MemberAdd is the result of a member add. NewName and PeerURLs are the new
// member's name and its URLs as typed: the cluster does not know the name
// before the member has started, and may return the URLs in a different order.
type MemberAdd struct {
	Members
	NewName, PeerURLs string
}

// Simple prints the new member's id, then the settings that it starts with.
func (a MemberAdd) Simple(t *printer.Text) {
	added := a.Membership.(*etcdserverpb.MemberAddResponse).GetMember()
	done := "added to"
	if added.GetIsLearner() && t.Release.LearnerAdded {
		done = "added as learner to"
	}
	memberLine(t, added.GetID(), done, a.GetHeader())
	t.Printf("\n%s", StartSettings(a.NewName, InitialCluster(a.GetMembers(), added.GetID(), a.NewName), a.PeerURLs))
}

// InitialCluster is the setting of this name for a new member with an id, which
// the cluster does not know by its name yet.
func InitialCluster(members []*etcdserverpb.Member, id uint64, newName string) string {
	var peers []string
	for _, m := range members {
		name := m.GetName()
		if m.GetID() == id {
			name = newName
		}
		for _, url := range m.GetPeerURLs() {
			peers = append(peers, name+"="+url)
		}
	}
	return strings.Join(peers, ",")
}

// StartSettings are the environment variables that a new member is started with,
// a line each.
func StartSettings(name, cluster, peerURLs string) string {
	return fmt.Sprintf("ETCD_NAME=%q\nETCD_INITIAL_CLUSTER=%q\nETCD_INITIAL_ADVERTISE_PEER_URLS=%q\nETCD_INITIAL_CLUSTER_STATE=\"existing\"\n", name, cluster, peerURLs)
}

// MemberRemove is the result of a member remove.
type MemberRemove struct {
	Members
	ID uint64 // of the member that is gone
}

// Simple prints which member is gone.
func (r MemberRemove) Simple(t *printer.Text) { memberLine(t, r.ID, "removed from", r.GetHeader()) }

// MemberUpdate is the result of a member update.
type MemberUpdate struct {
	Members
	ID uint64 // of the member that has new peer URLs
}

// Simple prints which member was changed.
func (u MemberUpdate) Simple(t *printer.Text) { memberLine(t, u.ID, "updated in", u.GetHeader()) }

// MemberPromote is the result of a member promote.
type MemberPromote struct {
	Members
	ID uint64 // of the member that votes now
}

// Simple prints which member votes now.
func (p MemberPromote) Simple(t *printer.Text) { memberLine(t, p.ID, "promoted in", p.GetHeader()) }

// memberLine describes a change to a member. Upstream pads these ids with
// blanks, and elsewhere with zeros or not at all.
func memberLine(t *printer.Text, id uint64, done string, h *etcdserverpb.ResponseHeader) {
	t.Printf("Member %16x %s cluster %16x\n", id, done, h.GetClusterId())
}

// memberRow is a member as the columns of simple and table. A member that has
// no name yet has never been started.
func memberRow(m *etcdserverpb.Member) []string {
	status := "started"
	if m.GetName() == "" {
		status = "unstarted"
	}
	return []string{
		hexID(m.GetID()), status, m.GetName(), strings.Join(m.GetPeerURLs(), ","),
		strings.Join(m.GetClientURLs(), ","), strconv.FormatBool(m.GetIsLearner()),
	}
}

func memberFields(t *printer.Text, m *etcdserverpb.Member) {
	idField(t, "ID", m.GetID())
	quotedField(t, "Name", []byte(m.GetName()))
	for _, url := range m.GetPeerURLs() {
		quotedField(t, "PeerURL", []byte(url))
	}
	for _, url := range m.GetClientURLs() {
		quotedField(t, "ClientURL", []byte(url))
	}
	boolField(t, "IsLearner", m.GetIsLearner())
	t.Byte('\n')
}
