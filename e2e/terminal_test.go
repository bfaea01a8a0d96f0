package e2e

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"go.etcd.io/bbolt"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
)

// evil is text that changes a terminal: its title, its colour, its contents (with a control character of one byte in Latin-1, two in
// UTF-8), and the line that is being printed.
const evil = "x\x1b]0;title\x07\x1b[31m\u009b2J\rz"

// hostileCommands are run against the hostile servers, in the formats that a terminal is for.
var hostileCommands = []string{
	"get k", "get k --prefix", "get k -w table", "get k -w fields", "get k --print-value-only", "ls", "tree", "du", "top", "count", "export",
	"put k v", "put k v --prev-kv", "del k --prev-kv", "del k --dry-run", "compaction 1",
	"member list", "member list -w table", "member list -w fields", "member add m --peer-urls http://127.0.0.1:1", "member remove 1",
	"member update 1 --peer-urls http://127.0.0.1:1", "member promote 2", "move-leader 2", "member promote nosuch",
	"endpoint status", "endpoint status -w table", "endpoint status -w fields", "endpoint status --cluster", "endpoint health",
	"endpoint health -w table", "endpoint hashkv", "endpoint hashkv -w table", "defrag", "defrag --cluster",
	"alarm list", "alarm disarm", "auth status", "auth enable", "auth disable", "downgrade validate 3.6", "downgrade enable 3.6",
	"user list", "user get u", "user get u --detail", "user add u:p", "user delete u", "user grant-role u r", "user passwd u --interactive=false",
	"role list", "role get r", "role add r", "role delete r", "role grant-permission r read k", "role revoke-permission r k",
	"lease grant 9", "lease list", "lease revoke 1", "lease timetolive 1 --keys", "lease keep-alive --once 1",
	"elect e --leader", "lock l true", "watch k", "snapshot save s.db", "check perf --load s", "check datascale --load s",
	"make-mirror --once 127.0.0.1:1", "--user evil:pw get k",
}

// TestHostile shows on a terminal what servers send that want to take it over: as answers, and as the text of errors.
func TestHostile(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*hostile{"answers": {}, "denies": {code: codes.PermissionDenied}, "fails": {code: codes.FailedPrecondition}, "crashes": {code: codes.Unknown}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := s.start(t)
			for _, line := range hostileCommands {
				harmless(t, "etcdctl", nil, append([]string{"--endpoints", endpoint, "--command-timeout", "2s", "--dial-timeout", "2s"}, strings.Fields(line)...)...)
			}
		})
	}
	t.Run("keys", func(t *testing.T) {
		t.Parallel()
		endpoint := (&hostile{suffix: evil}).start(t)
		for _, line := range []string{"get k --prefix -w table", "get k --prefix -w fields", "ls", "tree", "du", "top", "del k --prefix --dry-run", "make-mirror --once " + endpoint} {
			harmless(t, "etcdctl", nil, append([]string{"--endpoints", endpoint, "--command-timeout", "2s"}, strings.Fields(line)...)...)
		}
	})
}

// hostile is a server that sends evil in every string, or refuses every request with it.
type hostile struct {
	code   codes.Code // OK: it answers
	suffix string     // of keys
	self   string
}

func (s *hostile) start(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.self = "http://" + l.Addr().String()
	g := grpc.NewServer(grpc.UnknownServiceHandler(s.handle))
	go func() { _ = g.Serve(l) }() // returns when the server is stopped
	t.Cleanup(g.Stop)
	return l.Addr().String()
}

// handle answers the first request of a call.
func (s *hostile) handle(_ any, stream grpc.ServerStream) error {
	name, _ := grpc.MethodFromServerStream(stream)
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(strings.ReplaceAll(name[1:], "/", ".")))
	if err != nil {
		return status.Error(codes.Unimplemented, evil)
	}
	method := found.(protoreflect.MethodDescriptor)
	req, resp := dynamicpb.NewMessage(method.Input()), dynamicpb.NewMessage(method.Output())
	if err := stream.RecvMsg(req); err != nil {
		return err
	}
	if s.code != codes.OK {
		return status.Error(s.code, evil)
	}
	if method.Name() == "RangeStream" {
		return status.Error(codes.Unimplemented, evil)
	}
	s.fill(resp, 0)
	return stream.SendMsg(s.fit(req, resp))
}

// fit makes an answer one that passes for the one to a request.
func (s *hostile) fit(req, resp proto.Message) proto.Message {
	raw, err := proto.Marshal(resp)
	if err != nil {
		return resp
	}
	switch req.ProtoReflect().Descriptor().Name() {
	case "RangeRequest":
		asked, err := proto.Marshal(req)
		r, answer := &pb.RangeRequest{}, &pb.RangeResponse{}
		if err != nil || proto.Unmarshal(asked, r) != nil || proto.Unmarshal(raw, answer) != nil {
			return resp
		}
		answer.More = false
		answer.Kvs[0].Key = []byte("k" + s.suffix)
		if len(r.RangeEnd) == 0 {
			answer.Kvs[0].Key = r.Key
		}
		if r.CountOnly {
			answer.Kvs = nil
		}
		return answer
	case "MemberListRequest":
		answer := &pb.MemberListResponse{}
		if proto.Unmarshal(raw, answer) != nil {
			return resp
		}
		answer.Members[0].ClientURLs, answer.Members[0].IsLearner = []string{s.self}, false
		return answer
	}
	return resp
}

// fill sets every field of a message: text to evil, and lists to one element.
func (s *hostile) fill(m protoreflect.Message, depth int) {
	for fields, i := m.Descriptor().Fields(), 0; i < fields.Len(); i++ {
		f := fields.Get(i)
		nested := f.Message() != nil
		switch {
		case f.IsMap() || nested && depth > 3:
		case f.IsList() && nested:
			s.fill(m.Mutable(f).List().AppendMutable().Message(), depth+1)
		case f.IsList():
			m.Mutable(f).List().Append(some(f))
		case nested:
			s.fill(m.Mutable(f).Message(), depth+1)
		default:
			m.Set(f, some(f))
		}
	}
}

// some returns a value for a field.
func some(f protoreflect.FieldDescriptor) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(evil)
	case protoreflect.BytesKind: // keys and values, which get prints as they are
		return protoreflect.ValueOfBytes([]byte("v"))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(1)
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(1)
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(1)
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(1)
	}
	return f.Default()
}

// TestHostileV2 is TestHostile for the v2 interface.
func TestHostileV2(t *testing.T) {
	t.Parallel()
	node := map[string]any{"key": "/" + evil, "value": "v", "createdIndex": 1, "modifiedIndex": 1}
	dir := map[string]any{"key": "/", "dir": true, "nodes": []any{node, map[string]any{"key": "/" + evil + "d", "dir": true}}}
	for name, answers := range map[string]map[string]any{
		"answers": {
			"/v2/keys":    map[string]any{"action": "get", "node": dir, "prevNode": node},
			"/v2/members": map[string]any{"members": []any{map[string]any{"id": "1", "name": evil, "peerURLs": []string{evil}, "clientURLs": []string{evil}}}},
			"/v2/auth":    map[string]any{"user": evil, "users": []any{map[string]any{"user": evil, "roles": []string{evil}}}, "role": evil, "roles": []any{map[string]any{"role": evil}}},
			"/v2/stats":   map[string]any{"name": evil, "id": evil, "leader": evil, "leaderInfo": map[string]any{"leader": evil}, "followers": map[string]any{evil: map[string]any{}}},
			"/health":     map[string]any{"health": evil},
			"/version":    map[string]any{"etcdserver": evil, "etcdcluster": evil},
		},
		"one key": {"/v2/keys": map[string]any{"action": evil, "node": node, "prevNode": node}},
		"errors":  {"": map[string]any{"errorCode": 100, "message": evil, "cause": evil, "index": 1}},
		"text":    {"": evil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var self string
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				for prefix, body := range answers {
					if !strings.HasPrefix(r.URL.Path, prefix) {
						continue
					}
					text, _ := json.Marshal(body)
					if name == "errors" || name == "text" {
						w.WriteHeader(http.StatusInternalServerError)
					}
					if name == "text" {
						text = []byte(evil)
					}
					_, _ = w.Write(text)
					return
				}
				http.Error(w, evil, http.StatusNotFound)
			}))
			self = s.URL
			t.Cleanup(s.Close)
			for _, line := range []string{
				"get /k", "-o extended get /k", "ls /", "ls -r /", "ls -p /", "set /k v", "mk /k v", "update /k v", "rm /k", "mkdir /d", "watch /k",
				"exec-watch /k -- true", "member list", "member add m http://127.0.0.1:1", "member remove 1", "member remove x", "member update 1 http://127.0.0.1:1",
				"cluster-health", "user list", "user get u", "user add u:p", "user grant u --roles r", "user remove u", "role list", "role get r", "role add r", "role grant r --path / --read",
				"auth enable", "stats self", "stats leader", "stats store", "copy-to-v3 --dry-run",
			} {
				harmless(t, "etcdctl", []string{"ETCDCTL_API=2"}, append([]string{"--no-sync", "--endpoints", self, "--total-timeout", "2s", "--timeout", "2s"}, strings.Fields(line)...)...)
			}
			harmless(t, "etcdctl", []string{"ETCDCTL_API=2"}, "--endpoints", self, "--total-timeout", "2s", "--debug", "ls", "/")
		})
	}
}

// TestHostileFile is TestHostile for a database whose texts are evil.
func TestHostileFile(t *testing.T) {
	t.Parallel()
	m := startCluster(t, cluster.Options{Bin: build(t, "3.7"), Dir: t.TempDir(), Args: []string{"--unsafe-no-fsync"}}).Members[0]
	file := filepath.Join(t.TempDir(), "evil.db")
	if out, err := exec.CommandContext(t.Context(), refs.Path(engine.Ours, "etcdctl"), "--endpoints", m.ClientURL, "snapshot", "save", file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	db, err := bbolt.Open(file, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		member, err := json.Marshal(map[string]any{"id": 7, "name": evil, "peerURLs": []string{evil}, "clientURLs": []string{evil}})
		return errors.Join(err, tx.Bucket([]byte("cluster")).Put([]byte("clusterVersion"), []byte(evil)),
			tx.Bucket([]byte("meta")).Put([]byte("storageVersion"), []byte(evil)),
			tx.Bucket([]byte("members")).Put([]byte("7"), member),
			tx.Bucket([]byte("authUsers")).Put([]byte(evil), []byte(evil)),
			tx.Bucket([]byte("alarm")).Put([]byte(evil), nil))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"snapshot status", "snapshot status -w table", "snapshot status -w fields", "snapshot verify", "snapshot verify -w table", "hashkv",
		"snapshot restore --skip-hash-check --data-dir d", "snapshot restore --data-dir d"} {
		harmless(t, "etcdutl", nil, append(strings.Fields(line), file)...)
	}
	dir := filepath.Join(t.TempDir(), "d")
	if err := os.MkdirAll(filepath.Join(dir, "member", "snap"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file, filepath.Join(dir, "member", "snap", "db")); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"migrate --target-version 3.6", "defrag", "check v2store", "backup --backup-dir b"} {
		harmless(t, "etcdutl", nil, append(strings.Fields(line), "--data-dir", dir)...)
	}
}

// TestProgressShown looks at the progress of a check on a terminal that can overwrite a line, and on one that can't.
func TestProgressShown(t *testing.T) {
	t.Parallel()
	m := startCluster(t, cluster.Options{Bin: build(t, "3.7"), Dir: t.TempDir(), Args: []string{"--unsafe-no-fsync"}}).Members[0]
	for term, bar := range map[string]bool{"xterm": true, "dumb": false} {
		shown := onTerminal(t, time.Minute, "etcdctl", []string{"TERM=" + term}, "--endpoints", m.ClientURL, "check", "datascale", "--load", "s", "--auto-compact")
		if got := strings.Contains(shown, "\r\x1b[K") && strings.Contains(shown, "% "); got != bar {
			t.Errorf("TERM=%s: progress is shown: %v; the terminal is shown %q", term, got, shown)
		}
		if rest := strings.ReplaceAll(shown, "\r\n", "\n"); !bar && strings.ContainsAny(rest, "\r\x1b") {
			t.Errorf("TERM=%s: control characters in %q", term, shown)
		}
		if !strings.Contains(shown, "PASS: ") {
			t.Errorf("TERM=%s: no result in %q", term, shown)
		}
	}
}

// harmless runs a program on a terminal, which must be shown nothing raw of evil.
func harmless(t *testing.T, program string, env []string, args ...string) {
	t.Helper()
	shown := onTerminal(t, 4*time.Second, program, append(env, "TERM=xterm"), args...) // some wait
	for _, raw := range []string{"\x1b]", "\x1b[31", "\u009b", "\x07", "J\rz"} {
		if i := strings.Index(shown, raw); i >= 0 {
			t.Errorf("%s %q: the terminal is shown %q in %q", program, args, raw, shown[max(0, i-60):min(len(shown), i+30)])
			return
		}
	}
}

// onTerminal runs a program on a terminal, for so long at most, and returns what that is shown.
func onTerminal(t *testing.T, most time.Duration, program string, env []string, args ...string) string {
	t.Helper()
	ctrl, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer ctrl.Close()
	cmd := exec.CommandContext(t.Context(), refs.Path(engine.Ours, program), args...)
	cmd.Dir, cmd.Env = t.TempDir(), append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(most, func() { _ = cmd.Process.Kill() }) // from its start on, however long that took
	defer limit.Stop()
	_ = tty.Close()
	shown, _ := io.ReadAll(ctrl) // ends with an error once the program has closed its side
	_ = cmd.Wait()               // most commands fail
	return string(shown)
}
