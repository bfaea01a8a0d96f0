package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/script"
)

// tailRounds is how often the member of each release is killed.
func tailRounds() int {
	if *soak {
		return 67
	}
	return 4
}

// TestKilledMember kills a member under a mixed load, reads its data directory, starts it again as the cluster of one that
// it is, and compares: keys, revision, hash, leases, users and roles are what its directory gave, of which the database is
// only a part.
func TestKilledMember(t *testing.T) {
	t.Parallel()
	for _, release := range []string{"3.5", "3.6", "3.7"} {
		t.Run(release, func(t *testing.T) {
			parallel(t, script.TurnUsual)
			k := newKilledMember(t, release)
			for range tailRounds() {
				k.load(t, 100*time.Millisecond+rand.N(700*time.Millisecond))
				got := k.offline(t)
				if err := k.c.RestartMember(t.Context(), "m1"); err != nil {
					t.Fatal(err)
				}
				differ(t, got, k.live(t))
				if t.Failed() {
					t.FailNow()
				}
			}
		})
	}
}

// differ reports lines that the directory and the member have differently.
func differ(t *testing.T, directory, member string) {
	t.Helper()
	got, want := strings.Split(directory, "\n"), strings.Split(member, "\n")
	for i := range max(len(got), len(want)) {
		var a, b string
		if i < len(got) {
			a = got[i]
		}
		if i < len(want) {
			b = want[i]
		}
		if a != b {
			t.Errorf("the directory gave\n%s\nthe member\n%s", a, b)
		}
	}
}

// killedMember is a cluster of one.
type killedMember struct {
	c    *cluster.Cluster
	m    *cluster.Member
	root *clientv3.Client
}

func newKilledMember(t *testing.T, release string) *killedMember {
	t.Helper()
	// Written every 5 s, the database often lacks all that a load has done.
	args := []string{"--snapshot-count=500", "--backend-batch-interval=" + []string{"5s", "100ms"}[rand.IntN(2)], "--bcrypt-cost=4"}
	if release == "3.5" {
		args = append(args, "--enable-v2=true")
	}
	c := startCluster(t, cluster.Options{Bin: build(t, release), Dir: t.TempDir(), Args: args})
	k := &killedMember{c: c, m: c.Members[0]}
	plain := tailClient(t, clientv3.Config{Endpoints: []string{k.m.ClientURL}})
	for _, err := range []error{
		second(plain.RoleAdd(t.Context(), "root")), second(plain.UserAdd(t.Context(), "root", cluster.RootPassword)),
		second(plain.UserGrantRole(t.Context(), "root", "root")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	k.root = tailClient(t, clientv3.Config{Endpoints: []string{k.m.ClientURL}, Username: "root", Password: cluster.RootPassword})
	return k
}

func second[T any](_ T, err error) error { return err }

func tailClient(t *testing.T, cfg clientv3.Config) *clientv3.Client {
	t.Helper()
	cfg.Logger, cfg.DialTimeout = zap.NewNop(), time.Minute
	c, err := clientv3.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // its server may be gone
	return c
}

// load sends requests of all kinds side by side, and kills the member among them.
func (k *killedMember) load(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var workers sync.WaitGroup
	for w := range 6 {
		workers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				k.request(ctx, w, i)
			}
		})
	}
	time.Sleep(d) // the moment is meant to be any
	if err := k.m.Signal(os.Kill); err != nil {
		t.Fatal(err)
	}
	cancel()
	workers.Wait()
	if err := k.c.StopMember("m1"); err != nil {
		t.Fatal(err)
	}
}

// request sends one request. That it fails is in order: the member is killed, authentication is on, a key is missing.
func (k *killedMember) request(ctx context.Context, worker, i int) {
	key := fmt.Sprintf("k%03d", rand.IntN(200))
	switch worker {
	case 0:
		_, _ = k.root.Put(ctx, key, strings.Repeat("v", rand.IntN(2000)))
	case 1:
		if i%50 == 0 {
			_, _ = k.root.Delete(ctx, key, clientv3.WithRange(key+"9"))
		}
		_, _ = k.root.Delete(ctx, key)
		_, _ = k.root.Put(ctx, key, "short", clientv3.WithPrevKV())
	case 2:
		_, _ = k.root.Txn(ctx).If(clientv3.Compare(clientv3.Version(key), ">", 2)).
			Then(clientv3.OpDelete(key), clientv3.OpPut(key+"/a", "x"), clientv3.OpGet("k")).
			Else(clientv3.OpTxn([]clientv3.Cmp{clientv3.Compare(clientv3.Value("k001"), "<", "vvv")},
				[]clientv3.Op{clientv3.OpPut(key, "then")}, []clientv3.Op{clientv3.OpPut(key, "else"), clientv3.OpDelete("k1", clientv3.WithPrefix())})).Commit()
	case 3:
		id := clientv3.LeaseID(1 + rand.IntN(30))
		_, _ = k.root.Grant(ctx, 3600)
		if rand.IntN(3) == 0 {
			_, _ = k.root.Revoke(ctx, id)
		}
		if l, err := k.root.Grant(ctx, 600); err == nil {
			_, _ = k.root.Put(ctx, key, "leased", clientv3.WithLease(l.ID))
			_, _ = k.root.Put(ctx, key+"l", "leased", clientv3.WithLease(l.ID))
			if rand.IntN(2) == 0 {
				_, _ = k.root.Revoke(ctx, l.ID)
			}
		}
	case 4:
		if r, err := k.root.Get(ctx, "k"); err == nil {
			_, _ = k.root.Compact(ctx, r.Header.Revision-int64(rand.IntN(50)))
		}
		_, _ = k.root.Put(ctx, key, "", clientv3.WithIgnoreLease())
	case 5:
		k.account(ctx)
	}
}

// account changes users and roles.
func (k *killedMember) account(ctx context.Context) {
	user, role := fmt.Sprintf("u%d", rand.IntN(4)), fmt.Sprintf("r%d", rand.IntN(4))
	switch rand.IntN(9) {
	case 0:
		_, _ = k.root.UserAdd(ctx, user, "password")
	case 1:
		_, _ = k.root.UserDelete(ctx, user)
	case 2:
		_, _ = k.root.RoleAdd(ctx, role)
	case 3:
		_, _ = k.root.RoleDelete(ctx, role)
	case 4:
		_, _ = k.root.UserGrantRole(ctx, user, role)
	case 5:
		_, _ = k.root.UserRevokeRole(ctx, user, role)
	case 6:
		_, _ = k.root.RoleGrantPermission(ctx, role, "k"+user, "l", clientv3.PermissionType(rand.IntN(3)))
	case 7:
		_, _ = k.root.RoleRevokePermission(ctx, role, "k"+user, "l")
	default:
		if rand.IntN(2) == 0 {
			_, _ = k.root.AuthEnable(ctx)
		} else {
			_, _ = k.root.AuthDisable(ctx)
		}
	}
}

// offline is what the member's directory gives.
func (k *killedMember) offline(t *testing.T) string {
	t.Helper()
	var hash struct{ Hash, HashRevision, CompactRevision int64 }
	decode(t, ourUtl(t, "hashkv", "--data-dir", k.m.DataDir, "-w", "json"), &hash)
	return fmt.Sprintln(hash.Hash, hash.HashRevision, hash.CompactRevision) + stored(t, func(args ...string) string {
		return ourUtl(t, append(args, "--from", k.m.DataDir, "-w", "json")...)
	})
}

// live is what the member gives.
func (k *killedMember) live(t *testing.T) string {
	t.Helper()
	c := tailClient(t, clientv3.Config{Endpoints: []string{k.m.ClientURL}, Username: "root", Password: cluster.RootPassword})
	hash, err := c.HashKV(t.Context(), k.m.ClientURL, 0)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintln(hash.Hash, hash.Header.Revision, hash.CompactRevision) + stored(t, func(args ...string) string {
		return ourCtl(t, k.m, append(args, "-w", "json", "--user", "root:"+cluster.RootPassword)...)
	})
}

// stored is everything that a program reads: keys, leases, users and roles.
func stored(t *testing.T, run func(args ...string) string) string {
	t.Helper()
	var all strings.Builder
	ask := func(args ...string) string {
		answer := answerOf(t, run(args...))
		fmt.Fprintln(&all, args, answer)
		return answer
	}
	ask("get", "", "--prefix")
	var leases struct{ Leases []struct{ ID int64 } }
	decode(t, run("lease", "list"), &leases)
	slices.SortFunc(leases.Leases, func(a, b struct{ ID int64 }) int { return cmp.Compare(a.ID, b.ID) }) // they come by their time
	fmt.Fprintln(&all, "leases", leases.Leases)
	var names struct{ Users, Roles []string }
	decode(t, ask("user", "list"), &names)
	decode(t, ask("role", "list"), &names)
	for _, name := range names.Users {
		ask("user", "get", name)
	}
	for _, name := range slices.DeleteFunc(names.Roles, func(name string) bool { return name == "root" }) { // whose permissions are not stored, and differ
		ask("role", "get", name)
	}
	return all.String()
}

// answerOf returns the answer to a get without its header.
func answerOf(t *testing.T, answer string) string {
	t.Helper()
	var members map[string]json.RawMessage
	decode(t, answer, &members)
	delete(members, "header")
	b, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
