package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// picture puts the visits together. Without a member list, each endpoint that
// answered stands for a member.
func (g *gatherer) picture(list *clientv3.MemberListResponse) *Picture {
	p := &Picture{At: g.Now(), Leases: -1, UpgradeTo: g.UpgradeTo, Repo: g.Repo}
	taken := make(map[*visit]bool)
	if list == nil {
		g.unlisted(p, taken)
	} else {
		p.ClusterID = list.Header.GetClusterId()
		for _, m := range list.Members {
			one := Member{ID: m.GetID(), Name: m.GetName(), Learner: m.GetIsLearner(), PeerURLs: m.GetPeerURLs(), ClientURLs: m.GetClientURLs()}
			g.assign(p, &one, taken)
			p.Members = append(p.Members, one)
		}
	}
	slices.SortStableFunc(p.Members, func(a, b Member) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	for _, at := range g.order() {
		if v := g.visits[at]; v.Given && !taken[v] && !g.Listed {
			p.Strays = append(p.Strays, v.Visit)
		}
	}
	for i := range p.Members {
		p.Members[i].GivenQuota = g.Quota
	}
	p.note(g)
	return p
}

// unlisted makes members of the endpoints that answered, for a cluster whose
// member list can't be had.
func (g *gatherer) unlisted(p *Picture, taken map[*visit]bool) {
	for _, at := range g.order() {
		v := g.visits[at]
		if v.Err != nil || v.MemberID == 0 || p.member(v.MemberID) != nil {
			continue
		}
		taken[v] = true
		one := Member{ID: v.MemberID, Name: v.Endpoint, ClientURLs: []string{v.Endpoint}, Visits: []Visit{v.Visit}}
		one.Seen = &one.Visits[0]
		p.Members = append(p.Members, one)
	}
	if len(p.Members) > 0 {
		p.Missing = append(p.Missing, Missing{NeedMembers, "the member list", "nobody can log in without a leader"})
	}
}

// assign gives a member its visits, and finds one that it answered itself.
func (g *gatherer) assign(p *Picture, m *Member, taken map[*visit]bool) {
	itself := func(v *visit) bool {
		return v.Err == nil && v.MemberID == m.ID && (v.ClusterID == 0 || v.ClusterID == p.ClusterID)
	}
	for _, u := range m.ClientURLs {
		v := g.visits[g.address(u)]
		if v == nil {
			continue
		}
		taken[v] = true
		m.Visits = append(m.Visits, v.Visit)
		if m.Seen == nil && itself(v) {
			m.Seen = &v.Visit
		}
	}
	for _, at := range g.order() {
		v := g.visits[at]
		if v.Given && itself(v) && !g.Listed {
			taken[v] = true
			if m.Seen == nil {
				m.Seen = &v.Visit
			}
		}
	}
}

// note lists what the visits could not see.
func (p *Picture) note(g *gatherer) {
	if g.skipped > 0 {
		p.Missing = append(p.Missing, Missing{NeedStatus, strconv.Itoa(g.skipped) + " addresses", fmt.Sprintf("more than the %d that are asked", maxVisits)})
	}
	var down []string
	for i := range p.Members {
		m := &p.Members[i]
		if !m.Up() {
			if len(m.ClientURLs) > 0 {
				down = append(down, m.Label())
			}
			continue
		}
		p.noteOne(m)
	}
	if len(down) > 0 {
		p.Missing = append(p.Missing, Missing{NeedStatus | NeedMetrics | NeedFlags | NeedHashes | NeedQuota, "most of " + names(down), "no answer"})
	}
}

// noteOne lists what the visit to one member could not see.
func (p *Picture) noteOne(m *Member) {
	missing := func(need Need, what string, why error) {
		p.Missing = append(p.Missing, Missing{need, "the " + what + " of " + m.Label(), why.Error()})
	}
	if m.Seen.Refused != nil {
		missing(NeedStatus, "status", m.Seen.Refused)
	}
	web := m.Seen.Web
	unread := cmp.Or(web.Err, web.NoStats)
	switch {
	case unread != nil:
		missing(NeedMetrics|NeedFlags, "metrics", unread)
	case web.Args == nil:
		missing(NeedFlags, "flags", errNoFlags)
	}
	if p.UpgradeTo == "3.6" && minor(m) == "3.5" && web.V2Keys < 0 {
		missing(NeedV2, "v2 content", errNoV2)
	}
	if m.Quota() == 0 && unread != nil {
		missing(NeedQuota, "quota", errNoQuota)
	}
}

var (
	errNoFlags = errors.New("/debug/vars does not show them")
	errNoV2    = errors.New("the v2 interface is off; stop the member and type etcdutl check v2store --data-dir DIR")
	errNoQuota = errors.New("neither its status nor its metrics have it; give it by --quota")
)

func hexID(text string) uint64 {
	id, err := strconv.ParseUint(text, 16, 64)
	if err != nil {
		return 0
	}
	return id
}
