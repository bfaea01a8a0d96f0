package doctor

import (
	"context"
	"slices"
	"strconv"
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/cluster"
)

const (
	// maxHash is the largest database that is hashed, in bytes in use: a server
	// reads all of it for that.
	maxHash = 512 << 20
	// manyRevisions is how many revisions of one key are many.
	manyRevisions = 1000
	// maxKeys is how many keys are looked at.
	maxKeys = 500
	// maxSort is the largest database whose keys a server is asked to sort, in
	// bytes in use: it reads all of them for that.
	maxSort = 64 << 20
)

// ask adds to the picture what takes further questions: one member answers for
// the cluster, each answers for its hash.
func (g *gatherer) ask(ctx context.Context, p *Picture) {
	ctx, cancel := limit(ctx, g.Deep)
	defer cancel()
	var mu sync.Mutex // guards the picture
	missing := func(m Missing) { p.Missing = append(p.Missing, m) }
	var wg sync.WaitGroup
	defer wg.Wait()
	c := g.speaker(p)
	since, known := p.Compacted()
	if g.Wants&NeedHashes != 0 {
		g.hashes(ctx, p, &wg, &mu)
	}
	if g.Backup != nil && g.Wants&NeedBackup != 0 {
		wg.Go(func() { g.backup(ctx, p, &mu) })
	}
	if c == nil {
		return
	}
	do := func(need Need, what string, question func(*clientv3.Client) (keep func(), err error)) {
		if g.Wants&need == 0 {
			return
		}
		if !p.Led() {
			mu.Lock()
			defer mu.Unlock()
			missing(Missing{need, what, "the cluster has no leader"})
			return
		}
		wg.Go(func() {
			keep, err := question(c.API())
			if err != nil {
				err = c.Explain(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				missing(Missing{need, what, err.Error()})
				return
			}
			keep()
		})
	}
	if p.alarmed() {
		do(NeedAlarms, "the alarms", func(c *clientv3.Client) (func(), error) {
			got, err := c.AlarmList(ctx)
			return func() { p.Alarms = got.Alarms }, err
		})
	}
	do(NeedAuth, "authentication", func(c *clientv3.Client) (func(), error) {
		auth, err := authentication(ctx, c)
		return func() { p.Auth = auth }, err
	})
	do(NeedLeases, "the leases", func(c *clientv3.Client) (func(), error) {
		got, err := c.Leases(ctx)
		return func() { p.Leases = len(got.Leases) }, err
	})
	if known && p.Revision()-since >= manyRevisions {
		do(NeedKeys, "the history of keys", func(c *clientv3.Client) (func(), error) {
			keys, of, err := sampleKeys(ctx, c, p.small())
			return func() { p.Keys, p.KeysOf = keys, of }, err
		})
	}
}

// backup asks for the age of the newest backup.
func (g *gatherer) backup(ctx context.Context, p *Picture, mu *sync.Mutex) {
	problem := g.Backup(ctx)
	mu.Lock()
	defer mu.Unlock()
	p.Backup = problem
}

// alarmed reports whether a member's status has an error, or is not known. The
// list of alarms goes through the log of the cluster; it is not requested
// without need.
func (p *Picture) alarmed() bool {
	return slices.ContainsFunc(p.Members, func(m Member) bool {
		s := m.Status()
		return m.Up() && (s == nil || len(s.GetErrors()) > 0)
	})
}

// speaker returns the connection of the leader, or of the first member that has
// one.
func (g *gatherer) speaker(p *Picture) cluster.Conn {
	var first cluster.Conn
	for i := range p.Members {
		m := &p.Members[i]
		c := g.connection(m)
		if c == nil || m.Learner {
			continue
		}
		if first == nil || m.Leads() {
			first = c
		}
	}
	return first
}

// connection returns the connection to a member, or nil.
func (g *gatherer) connection(m *Member) cluster.Conn {
	if m.Seen == nil {
		return nil
	}
	return g.visits[g.address(m.Seen.Endpoint)].conn
}

// authentication asks whether authentication is on. A refusal says that it is.
func authentication(ctx context.Context, c *clientv3.Client) (*Auth, error) {
	got, err := c.AuthStatus(ctx)
	if err != nil && refuses(err) {
		return &Auth{Enabled: true}, nil
	}
	if err != nil || got.Enabled {
		return &Auth{Enabled: err == nil}, err
	}
	root, err := c.UserGet(ctx, "root")
	return &Auth{RootUser: err == nil && slices.Contains(root.Roles, "root")}, nil //nolint:nilerr // there is no such user
}

// small returns the options of a request for the keys that were changed most
// often, if the database is small enough for that.
func (p *Picture) small() []clientv3.OpOption {
	if slices.ContainsFunc(p.Members, func(m Member) bool { return m.Status().GetDbSizeInUse() > maxSort }) {
		return nil
	}
	return []clientv3.OpOption{clientv3.WithSort(clientv3.SortByVersion, clientv3.SortDescend)}
}

// sampleKeys reads keys, without values: the most changed ones with the options
// for that, otherwise the first. of is how many there are to choose from.
func sampleKeys(ctx context.Context, c *clientv3.Client, sorted []clientv3.OpOption) (keys []Key, of int64, err error) {
	opts := append([]clientv3.OpOption{clientv3.WithFromKey(), clientv3.WithKeysOnly(), clientv3.WithLimit(maxKeys), clientv3.WithSerializable()}, sorted...)
	got, err := c.Get(ctx, "\x00", opts...)
	if err != nil {
		return nil, 0, err
	}
	for _, kv := range got.Kvs {
		keys = append(keys, Key{Name: string(kv.GetKey()), Versions: kv.GetVersion(), CreateRev: kv.GetCreateRevision(), ModRev: kv.GetModRevision()})
	}
	of = got.Count
	if len(sorted) > 0 {
		of = int64(len(keys)) // the others were changed less often
	}
	return keys, of, nil
}

// hashes asks all members for their hash at the latest revision that all have.
func (g *gatherer) hashes(ctx context.Context, p *Picture, wg *sync.WaitGroup, mu *sync.Mutex) {
	rev := int64(0)
	var some []*Member
	p.each(func(m *Member) {
		s := m.Status()
		if s == nil || g.connection(m) == nil || m.Learner {
			return
		}
		if s.GetDbSizeInUse() > maxHash {
			mu.Lock()
			p.Missing = append(p.Missing, Missing{NeedHashes, "the hash of " + m.Label(), "its " + size(s.GetDbSizeInUse()) + " take long to hash; type etcdctl endpoint hashkv --cluster"})
			mu.Unlock()
			return
		}
		if own := s.GetHeader().GetRevision(); rev == 0 || own < rev {
			rev = own
		}
		some = append(some, m)
	})
	if len(some) < 2 {
		return
	}
	for _, m := range some {
		c := g.connection(m)
		wg.Go(func() {
			got, err := cluster.HashKV(rev)(ctx, c.API(), m.Seen.Endpoint)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				p.Missing = append(p.Missing, Missing{NeedHashes, "the hash of " + m.Label() + " at revision " + strconv.FormatInt(rev, 10), c.Explain(err).Error()})
				return
			}
			m.Hash = got
		})
	}
}

// alarms returns the members that have raised an alarm.
func (p *Picture) alarms(kind pb.AlarmType) []string {
	var names []string
	for _, a := range p.Alarms {
		if a.GetAlarm() == kind {
			names = append(names, p.NameOf(a.GetMemberID()))
		}
	}
	slices.Sort(names)
	return names
}

// NameOf returns the label of the member with an id.
func (p *Picture) NameOf(id uint64) string {
	if m := p.member(id); m != nil {
		return m.Label()
	}
	return strconv.FormatUint(id, 16)
}
