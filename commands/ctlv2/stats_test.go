package ctlv2

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

const leaderPage = `{"leader":"a1","followers":{` +
	`"c3":{"latency":{"current":0.5,"average":1.25,"standardDeviation":0.1234,"minimum":0.25,"maximum":9},"counts":{"fail":1,"success":20}},` +
	`"b2":{"latency":{"current":1,"average":1,"standardDeviation":0,"minimum":1,"maximum":1},"counts":{"fail":0,"success":7}}}}`

// pair is a leader and a follower.
func pair(t *testing.T) (leader, follower *httptest.Server) {
	t.Helper()
	leader = fake(t, func(w http.ResponseWriter, r *http.Request) {
		page := `{"name":"m1"}`
		if strings.HasSuffix(r.URL.Path, "/leader") {
			page = leaderPage
		}
		says(200, "application/json", page)(w, r)
	})
	follower = fake(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/leader") {
			says(403, "application/json", `{"message":"not current leader"}`)(w, r)
			return
		}
		says(200, "application/json", `{"name":"m2","id":7}`)(w, r)
	})
	return leader, follower
}

func TestStatsLeader(t *testing.T) {
	t.Parallel()
	leader, follower := pair(t)
	all := leader.URL + "," + follower.URL
	etcdctl(t, all, "-o", "table", "stats", "leader").is(t, ran{0, `+----------+---------+---------+-----------+---------+---------+---------+------+
| FOLLOWER | CURRENT | AVERAGE | DEVIATION | MINIMUM | MAXIMUM | SUCCESS | FAIL |
+----------+---------+---------+-----------+---------+---------+---------+------+
|       b2 |   1.000 |   1.000 |     0.000 |   1.000 |   1.000 |       7 |    0 |
|       c3 |   0.500 |   1.250 |     0.123 |   0.250 |   9.000 |      20 |    1 |
+----------+---------+---------+-----------+---------+---------+---------+------+
`, ""})
	etcdctl(t, all, "-o", "json", "stats", "leader").is(t, ran{0, `{"endpoint":"` + leader.URL + `","stats":` + leaderPage + "}\n", ""})
	got := etcdctl(t, all, "stats", "leader")
	if want := leader.URL + "\n\tleader: a1\n\tfollowers.c3.latency.current: 0.5\n"; got.code != 0 || !strings.HasPrefix(got.stdout, want) {
		t.Errorf("got %d %q %q", got.code, got.stdout, got.stderr)
	}
	etcdctl(t, follower.URL, "stats", "leader").is(t, ran{serverError, "", "Error:  none of the endpoints is the leader's\n"})
}

// One that can't be reached does not keep the others from being shown.
func TestStatsSelf(t *testing.T) {
	t.Parallel()
	leader, follower := pair(t)
	blocks := []string{leader.URL + "\n\tname: m1\n", follower.URL + "\n\tname: m2\n\tid: 7\n"}
	slices.Sort(blocks)
	etcdctl(t, leader.URL+","+follower.URL+",http://127.0.0.1:1", "stats", "self").is(t, ran{serverError, strings.Join(blocks, ""),
		"http://127.0.0.1:1: Get \"http://127.0.0.1:1/v2/stats/self\": dial tcp 127.0.0.1:1: connect: connection refused\n"})
	etcdctl(t, follower.URL, "-o", "json", "stats", "self").is(t, ran{0, `[{"endpoint":"` + follower.URL + `","stats":{"name":"m2","id":7}}]` + "\n", ""})
	etcdctl(t, "http://127.0.0.1:1", "-o", "json", "stats", "self").is(t, ran{serverError, "[]\n",
		"http://127.0.0.1:1: Get \"http://127.0.0.1:1/v2/stats/self\": dial tcp 127.0.0.1:1: connect: connection refused\n"})
}

func TestHealth(t *testing.T) {
	t.Parallel()
	health := func(body string) string {
		return fake(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/version" {
				says(200, "application/json", `{"etcdserver":"3.5.33","etcdcluster":"3.5.0"}`)(w, r)
				return
			}
			says(503, "text/plain", body)(w, r)
		}).URL
	}
	tests := []struct{ body, want string }{
		{`{"health":"false","reason":"RAFT NO LEADER"}`, "RAFT NO LEADER"},
		{`{"health":"false"}`, "the server says so"},
		{`{"health":false}`, "the server says so"},
		{`{}`, "the server says so"},
		{`<`, "the answer is not JSON as etcd's v2 API sends it: invalid character '<' looking for beginning of value"},
	}
	for _, tt := range tests {
		url := health(tt.body)
		etcdctl(t, url, "health").is(t, ran{notHealthy, url + " is unhealthy: " + tt.want + "\n", ""})
	}
	if got := etcdctl(t, health(`{"health":true}`), "health"); got.code != 0 || !strings.Contains(got.stdout, " is healthy: server 3.5.33, cluster 3.5.0, took ") {
		t.Errorf("got %d %q %q", got.code, got.stdout, got.stderr)
	}
}
