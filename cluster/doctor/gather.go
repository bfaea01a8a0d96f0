package doctor

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/cluster"
)

// Look says what to look at, and how. The zero value of each limit is none.
type Look struct {
	Dialer    cluster.Dialer                               // of single endpoints; fails as soon as one can't be reached
	HTTP      func(endpoint string) (*http.Client, string) // a client for what an endpoint serves over HTTP, and its base URL
	Endpoints []string                                     // as given by the user
	Listed    bool                                         // look at the advertised URLs only; the endpoints are asked for the member list
	Visit     time.Duration                                // how long one address may take
	Deep      time.Duration                                // how long the further questions may take together
	Now       func() time.Time
	Wants     Need // what the checks need; nothing else is asked for
	// Backup says what is wrong with the newest backup in Repo, "" if nothing is. It
	// is nil if no repository is to be looked at.
	Backup    func(context.Context) (problem string)
	Repo      string // as a command has it
	UpgradeTo string // the release of a planned upgrade, "" for none
	Quota     int64  // of members whose quota can't be seen; 0 if it was not given
}

// maxVisits is how many addresses are visited at most. A cluster has a few.
const maxVisits = 256

// gatherer collects visits. An address is visited once, however often it is
// given or advertised.
type gatherer struct {
	Look
	mu      sync.Mutex
	wg      sync.WaitGroup
	visits  map[string]*visit // by host and port
	skipped int
}

// visit is a visit under way: what it has seen, and the connection for further
// questions.
type visit struct {
	Visit
	conn   cluster.Conn // nil if there is none
	dialed error        // why there is none
	list   *clientv3.MemberListResponse
	unlist error // why it did not list the members
}

// Gather looks at the cluster that the endpoints belong to. The error is that
// of the endpoints if all of them refuse the user. An endpoint that can't be
// reached is no error; it is in the picture.
func (l Look) Gather(ctx context.Context) (*Picture, error) {
	g := &gatherer{Look: l, visits: make(map[string]*visit)}
	defer g.close()
	for _, e := range l.Endpoints {
		g.visit(ctx, e, true)
	}
	g.wg.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	list := g.list()
	if list == nil {
		if err := g.refusal(); err != nil {
			return nil, err
		}
	}
	p := g.picture(list)
	g.ask(ctx, p)
	return p, nil
}

// visit visits an address, unless that has begun already. Members that it lists
// are visited as well.
func (g *gatherer) visit(ctx context.Context, endpoint string, given bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := g.address(endpoint)
	if v := g.visits[at]; v != nil {
		v.Given = v.Given || given
		return
	}
	if len(g.visits) >= maxVisits {
		g.skipped++
		return
	}
	v := &visit{Visit: Visit{Endpoint: endpoint, Given: given}}
	g.visits[at] = v
	g.wg.Go(func() {
		limited, cancel := limit(ctx, g.Visit)
		defer cancel()
		var web sync.WaitGroup
		defer func() { web.Wait(); v.conclude() }()
		web.Go(func() { v.Web = g.web(limited, endpoint) })
		g.talk(limited, v)
		if v.list == nil {
			return
		}
		if _, _, err := cluster.Targets(v.list.Members); err != nil {
			v.list, v.unlist = nil, err
			return
		}
		g.members(ctx, v.list.Members)
	})
}

// members visits all client URLs of members.
func (g *gatherer) members(ctx context.Context, all []*pb.Member) {
	for _, m := range all {
		for _, u := range m.GetClientURLs() {
			g.visit(ctx, u, false)
		}
	}
}

// talk asks one address for its status and for the members.
func (g *gatherer) talk(ctx context.Context, v *visit) {
	c, err := g.Dialer.Dial(ctx, v.Endpoint)
	if err != nil {
		v.Err, v.dialed = err, err
		return
	}
	v.conn = c
	status, err := cluster.Status(ctx, c.API(), v.Endpoint)
	switch {
	case err == nil:
		v.Status, v.MemberID, v.ClusterID = status, status.GetHeader().GetMemberId(), status.GetHeader().GetClusterId()
	case refuses(err):
		v.Refused = c.Explain(err)
	default:
		v.Err = c.Explain(err)
		return
	}
	v.list, err = cluster.Serializable(ctx, c.API(), v.Endpoint)
	if err != nil {
		v.list, v.unlist = nil, c.Explain(err)
		return
	}
	v.MemberID, v.ClusterID = cmp.Or(v.MemberID, v.list.Header.GetMemberId()), cmp.Or(v.ClusterID, v.list.Header.GetClusterId())
}

// refuses reports whether err is the answer of a server that is up, but does
// not do what this user asks.
func refuses(err error) bool {
	for _, is := range []error{rpctypes.ErrPermissionDenied, rpctypes.ErrUserEmpty, rpctypes.ErrInvalidAuthToken, rpctypes.ErrAuthOldRevision} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

// conclude completes a visit from the parts that have arrived. A server that
// did not let the user in has answered all the same, over HTTP.
func (v *visit) conclude() {
	id := hexID(v.Web.Metrics.Label("etcd_server_id", "server_id"))
	v.MemberID = cmp.Or(v.MemberID, id)
	if v.dialed != nil && v.Web.Metrics != nil && id != 0 {
		v.Err, v.Refused = nil, v.dialed
	}
}

// list returns the member list of the cluster: that of the most endpoints, and
// of these the one of the member that knows most.
func (g *gatherer) list() *clientv3.MemberListResponse {
	votes := make(map[uint64]int)
	for _, v := range g.visits {
		if v.list != nil && v.Given {
			votes[v.ClusterID]++
		}
	}
	var best *visit
	for _, at := range g.order() {
		v := g.visits[at]
		if v.list == nil || votes[v.ClusterID] == 0 {
			continue
		}
		if best == nil || votes[v.ClusterID] > votes[best.ClusterID] ||
			v.ClusterID == best.ClusterID && v.Status.GetRaftAppliedIndex() > best.Status.GetRaftAppliedIndex() {
			best = v
		}
	}
	if best == nil {
		return nil
	}
	return best.list
}

// order returns the addresses: those given first, as given, then the others by
// name.
func (g *gatherer) order() []string {
	var all []string
	for _, e := range g.Endpoints {
		if at := g.address(e); !slices.Contains(all, at) {
			all = append(all, at)
		}
	}
	given := len(all)
	for at := range g.visits {
		if !slices.Contains(all[:given], at) {
			all = append(all, at)
		}
	}
	slices.Sort(all[given:])
	return all
}

// refusal returns why the members can't be listed, if that is because of the
// user or of what the endpoints are, and not because they are down.
func (g *gatherer) refusal() error {
	for _, at := range g.order() {
		v := g.visits[at]
		if v.dialed != nil && v.Refused != nil {
			if has, ok := v.Web.Metrics.Value("etcd_server_has_leader"); ok && has == 0 {
				continue // nobody can log in without a leader
			}
			return v.dialed
		}
		if v.unlist != nil {
			return v.unlist
		}
	}
	return nil
}

func (g *gatherer) close() {
	for _, v := range g.visits {
		if v.conn != nil {
			_ = v.conn.Close() // the answers are in
		}
	}
}

// address returns the scheme, host and port of an endpoint, so that two
// spellings of one are recognised.
func (g *gatherer) address(endpoint string) string {
	if strings.HasPrefix(endpoint, "unix") {
		return endpoint
	}
	_, base := g.HTTP(endpoint)
	return strings.ToLower(base)
}

// host returns the name or address of the host in a URL or endpoint.
func host(endpoint string) string {
	if u, err := url.Parse(endpoint); err == nil && u.Host != "" {
		return u.Hostname()
	}
	if h, _, err := net.SplitHostPort(endpoint); err == nil {
		return h
	}
	return endpoint
}

func limit(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d)
}
