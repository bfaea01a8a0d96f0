package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"google.golang.org/protobuf/encoding/protowire"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
	"etcdkit/e2e/script"
)

// readScripts are the command lines that read: on a cluster and on a snapshot of
// it, they print the same. Those of the first list run in every format.
func readScripts() (inAll, inTwo []string) {
	return []string{
			"get key/ --prefix --limit 7", "get changed", "get nosuch", "ls", "tree key/01", "du", "top -n 3", "count",
			"watch changed --until-now --rev 12 --prev-kv", "lease list", "user list", "user get alice", "role list", "role get reader", "member list", "auth status", "alarm list",
		}, []string{
			"get --prefix=true leased/", "get '' --from-key", "get changed --rev 15", "get key/0100 key/0102 --rev 20", "get key/ --prefix --keys-only",
			"get key/ --prefix --order DESCEND --limit 5", "get key/ --prefix --sort-by VALUE --limit 4", "get key/ --prefix --sort-by MODIFY --order ASCEND --limit 4",
			"get key/ --prefix --sort-by VERSION --order DESCEND --limit 4", "get '' --prefix --min-mod-rev 12 --max-create-rev 30", "get key/ --prefix --limit 3 --consistency s",
			"get large", "get changed --rev 9", "get changed --rev 5", "get changed --rev 100000", "get z a",
			"ls key/ --rev 12", "ls --separator 1", "tree --depth 1", "tree --rev 11", "du --depth 0 key/09", "du leased/ --rev 40", "top --depth 1 --by keys", "top key/ --by versions",
			"count key/", "count --rev 11", "export", "export key/00 --with-revisions", "export --no-leases --rev 15",
			"watch '' --prefix --until-now --rev 11", "watch key/0150 --until-now", "watch key/0150 --until-now --prev-kv --filter delete", "watch changed --until-now --rev 5",
			"lease timetolive 7", "user get nobody", "user get alice --detail", "role get root", "role get nothing", "member list --hex",
		}
}

// TestReadOffline compares what both programs print, byte for byte except for the
// ids of cluster and member, which a snapshot does not have.
func TestReadOffline(t *testing.T) {
	t.Parallel()
	for _, release := range []string{"3.5", "3.6", "3.7"} {
		t.Run(release, func(t *testing.T) {
			parallel(t, script.TurnUsual)
			dir := t.TempDir()
			c := startCluster(t, cluster.Options{Bin: build(t, release), Dir: filepath.Join(dir, "cluster"), Args: []string{"--max-txn-ops=1000"}})
			m := c.Members[0]
			fill(t, c)
			for _, args := range []string{"user add alice:pw", "role add reader", "role grant-permission reader read --prefix key/", "user grant-role alice reader", "role add root"} {
				cmd := exec.CommandContext(t.Context(), refs.Path(engine.Ours, "etcdctl"), strings.Fields(args)...)
				cmd.Env = append(os.Environ(), "ETCDCTL_ENDPOINTS="+m.Endpoint)
				_ = cmd.Run() // fill may have made some of them
			}
			file := filepath.Join(dir, "snap.db")
			ourCtl(t, m, "snapshot", "save", file)
			both := readBoth{t: t, endpoint: m.Endpoint, file: file}
			inAll, inTwo := readScripts()
			for _, line := range inAll {
				for _, format := range []string{"simple", "json", "jsonl", "yaml", "table", "csv", "fields", "protobuf"} {
					if line == "lease list" && format == "table" {
						continue // it shows how long leases have left, which a file does not count down
					}
					both.compare(line, "-w", format)
				}
				both.compare(line, "--template", "{{json .}}")
			}
			for _, line := range inTwo {
				both.compare(line)
				both.compare(line, "-w", "json")
			}
		})
	}
}

// readBoth runs command lines on a cluster and on a file.
type readBoth struct {
	t              *testing.T
	endpoint, file string
}

func (b readBoth) compare(line string, flags ...string) {
	b.t.Helper()
	args := append(strings.Fields(strings.ReplaceAll(line, "''", `""`)), flags...)
	for i := range args {
		if args[i] == `""` {
			args[i] = ""
		}
	}
	live := b.run("etcdctl", append(args, "--endpoints", b.endpoint, "--command-timeout", "60s"))
	offline := b.run("etcdutl", append(args, "--from", b.file))
	if live != offline {
		b.t.Errorf("%s %v:\n%s", line, flags, diff.Diff("cluster", []byte(live), "file", []byte(offline)))
	}
}

// run returns stdout, the exit code and the error, without what may differ.
func (b readBoth) run(program string, args []string) string {
	cmd := exec.CommandContext(b.t.Context(), refs.Path(engine.Ours, program), args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	end := ""
	if err != nil {
		text, _, _ := strings.Cut(stderr.String(), ": revisions ") // an addition, see docs/compat.md
		end = strings.TrimSuffix(text, "\n") + "\n" + err.Error()
	}
	if strings.Contains(strings.Join(args, " "), "-w protobuf") {
		return string(withoutIDs(out, args[0])) + end
	}
	text := string(out)
	for re, to := range maskedIDs() {
		text = re.ReplaceAllString(text, to)
	}
	return text + end
}

// maskedIDs removes the ids of the header, and the time that leases have left.
func maskedIDs() map[*regexp.Regexp]string {
	return map[*regexp.Regexp]string{
		regexp.MustCompile(`"cluster_id":"?[0-9a-f]+"?,"member_id":"?[0-9a-f]+"?,`): ``,
		regexp.MustCompile(`(?m)^ *(cluster|member)_id: .*\n`):                      ``,
		regexp.MustCompile(`"(Cluster|Member)ID" : \w+`):                            `"${1}ID" : ID`,
		regexp.MustCompile(`"ttl":\d+`):                                             `"ttl":TTL`,
	}
}

// withoutIDs removes the first two fields of the header from a message, which for
// leases is the header itself.
func withoutIDs(b []byte, command string) []byte {
	var out []byte
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeField(b)
		if n < 0 {
			return append(out, b...)
		}
		field := b[:n]
		b = b[n:]
		switch {
		case typ == protowire.VarintType && num <= 2 && command == "lease":
		case typ == protowire.BytesType && num == 1 && command != "lease":
			_, _, tag := protowire.ConsumeTag(field)
			inner, _ := protowire.ConsumeBytes(field[tag:])
			out = append(out, withoutIDs(inner, "lease")...)
		default:
			out = append(out, field...)
		}
	}
	return out
}
