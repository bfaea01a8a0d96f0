package ctl

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/protobuf/proto"

	"etcdkit/commands/cli"
)

// wantError fails the test unless err has this text and code; an empty text
// means no error.
func wantError(t *testing.T, err error, text string, code cli.Code) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != text || cli.CodeOf(err) != code {
		t.Errorf("error %q with code %d, want %q with code %d", got, cli.CodeOf(err), text, code)
	}
}

func TestMemberID(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args []string
		want uint64
		err  string
	}{
		{[]string{"8e9e05c52164694d"}, 0x8e9e05c52164694d, ""},
		{[]string{"ABC"}, 0xabc, ""},
		{[]string{"000abc"}, 0xabc, ""},
		{nil, 0, "member ID is not provided"},
		{[]string{"1", "2"}, 0, "member ID is not provided"},
		{[]string{""}, 0, `bad member ID arg "", expecting ID in Hex or a name, as member list shows them`},
		{[]string{"0xabc"}, 0, `bad member ID arg "0xabc", expecting ID in Hex or a name, as member list shows them`},
		{[]string{"-1"}, 0, `bad member ID arg "-1", expecting ID in Hex or a name, as member list shows them`},
		{[]string{"18446744073709551616"}, 0,
			`bad member ID arg "18446744073709551616", expecting ID in Hex or a name, as member list shows them`},
	}
	for _, tt := range tests {
		got, err := parseMember(tt.args)
		if err == nil {
			err = got.notID
		}
		code := cli.OK
		if tt.err != "" {
			code = cli.BadArgs
		}
		if wantError(t, err, tt.err, code); err == nil && got.id != tt.want {
			t.Errorf("%q: got %x, want %x", tt.args, got.id, tt.want)
		}
	}
}

func TestMemberAddRequest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args     []string
		peerURLs string
		urls     []string
		err      string
	}{
		{[]string{"m4"}, "http://a:1", []string{"http://a:1"}, ""},
		{[]string{""}, "http://a:1,https://b:2", []string{"http://a:1", "https://b:2"}, ""},
		{nil, "http://a:1", nil, "member name not provided"},
		{[]string{"m4"}, "", nil, "member peer urls not provided"},
		{[]string{"m4", "m5"}, "http://a:1", nil, "too many arguments"},
		{[]string{"m4", "http://a:1", "x", "HTTPS://b:1"}, "", nil,
			"too many arguments, did you mean --peer-urls=http://a:1, did you mean --peer-urls=HTTPS://b:1"},
	}
	for _, tt := range tests {
		name, urls, err := (&memberAddOptions{peerURLs: tt.peerURLs}).request(tt.args)
		if tt.err != "" {
			wantError(t, err, tt.err, cli.BadArgs)
			continue
		}
		if wantError(t, err, "", cli.OK); name != tt.args[0] || !reflect.DeepEqual(urls, tt.urls) {
			t.Errorf("%q %q: got %q, %q", tt.args, tt.peerURLs, name, urls)
		}
	}
}

func TestMemberUpdateRequest(t *testing.T) {
	t.Parallel()
	o := &memberUpdateOptions{peerURLs: "http://a:1,http://b:1"}
	who, urls, err := o.request([]string{"abc"})
	if wantError(t, err, "", cli.OK); who.id != 0xabc || who.notID != nil || !reflect.DeepEqual(urls, []string{"http://a:1", "http://b:1"}) {
		t.Errorf("got %+v, %q", who, urls)
	}
	_, _, err = o.request(nil)
	wantError(t, err, "member ID is not provided", cli.BadArgs)
	_, _, err = (&memberUpdateOptions{}).request([]string{"abc"})
	wantError(t, err, "member peer urls not provided", cli.BadArgs)
}

func TestPeerURLs(t *testing.T) {
	t.Parallel()
	const scheme, give = "URL scheme must be http, https, unix, or unixs: ", ": give --peer-urls as http://HOST:PORT"
	for value, want := range map[string]string{
		"http://a:1,https://b:2": "",
		"127.0.0.1:15680":        scheme + "127.0.0.1:15680: did you mean --peer-urls http://127.0.0.1:15680?",
		"http://a:1,b":           scheme + "b: did you mean --peer-urls http://b?",
		"http://a:1,":            scheme + ": did you mean --peer-urls http://?",
		"http://a":               `URL address does not have the form "host:port": http://a: --peer-urls needs a port, usually 2380`,
		"ftp://a:1":              scheme + "ftp://a:1" + give,
		"http://a:1/x":           "URL must not contain a path: http://a:1/x" + give,
	} {
		_, err := peerURLs(value)
		code := cli.Failure
		if want == "" {
			code = cli.OK
		}
		wantError(t, err, want, code)
	}
}

func TestPromoteRequest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line string
		wait time.Duration
		err  string
	}{
		{"7", 0, ""}, {"7 --wait", 10 * time.Minute, ""}, {"7 --wait=1h", time.Hour, ""}, {"--wait 7", 10 * time.Minute, ""},
		{"7 --wait 90s", 90 * time.Second, ""},
		{"7 8", 0, "member ID is not provided"}, {"7 8 --wait", 0, "member ID is not provided"}, {"7 5m", 0, "member ID is not provided"},
		{"7 --wait=-1s", 0, "--wait -1s: use a positive duration, such as 5m"},
	} {
		o, fs := &memberPromoteOptions{}, pflag.NewFlagSet("", pflag.ContinueOnError)
		o.addFlags(fs)
		if err := fs.Parse(strings.Fields(tt.line)); err != nil {
			t.Errorf("%s: %v", tt.line, err)
			continue
		}
		who, err := o.request(fs.Args())
		if tt.err != "" {
			wantError(t, err, tt.err, cli.BadArgs)
			continue
		}
		if wantError(t, err, "", cli.OK); who.id != 7 || o.wait != tt.wait {
			t.Errorf("%s: member %x, waits %v", tt.line, who.id, o.wait)
		}
	}
}

// memberServer returns the request that it received, in the members' peer URLs.
func memberServer() *fakeMember {
	header := &pb.ResponseHeader{ClusterId: 0xc1}
	echo := func(r proto.Message, id uint64, learner bool, urls ...string) []*pb.Member {
		return []*pb.Member{{ID: id, Name: string(r.ProtoReflect().Descriptor().Name()), PeerURLs: urls, IsLearner: learner}}
	}
	return &fakeMember{
		memberList: func(r *pb.MemberListRequest) (*pb.MemberListResponse, error) {
			how := "serializable"
			if r.GetLinearizable() {
				how = "linearizable"
			}
			return &pb.MemberListResponse{Header: header, Members: echo(r, 0xa, false, how)}, nil
		},
		memberAdd: func(r *pb.MemberAddRequest) (*pb.MemberAddResponse, error) {
			one := echo(r, 0xb, r.GetIsLearner(), r.GetPeerURLs()...)
			return &pb.MemberAddResponse{Header: header, Member: one[0], Members: one}, nil
		},
		memberRemove: func(r *pb.MemberRemoveRequest) (*pb.MemberRemoveResponse, error) {
			return &pb.MemberRemoveResponse{Header: header, Members: echo(r, r.GetID(), false)}, nil
		},
		memberUpdate: func(r *pb.MemberUpdateRequest) (*pb.MemberUpdateResponse, error) {
			return &pb.MemberUpdateResponse{Header: header, Members: echo(r, r.GetID(), false, r.GetPeerURLs()...)}, nil
		},
		memberPromote: func(r *pb.MemberPromoteRequest) (*pb.MemberPromoteResponse, error) {
			return &pb.MemberPromoteResponse{Header: header, Members: echo(r, r.GetID(), false)}, nil
		},
	}
}

func TestMemberCommands(t *testing.T) {
	t.Parallel()
	f := memberServer().start(t)
	const added = `
ETCD_NAME="m4"
ETCD_INITIAL_CLUSTER="m4=http://a:1,m4=http://b:1"
ETCD_INITIAL_ADVERTISE_PEER_URLS="http://a:1,http://b:1"
ETCD_INITIAL_CLUSTER_STATE="existing"
`
	tests := []struct {
		args   []string
		stdout string
	}{
		{[]string{"member", "list"}, "a, started, MemberListRequest, linearizable, , false\n"},
		{[]string{"member", "list", "--consistency", "s"}, "a, started, MemberListRequest, serializable, , false\n"},
		{[]string{"member", "add", "m4", "--peer-urls", "http://a:1,http://b:1"}, "Member                b added to cluster               c1\n" + added},
		{[]string{"member", "add", "m4", "--learner", "--peer-urls", "http://a:1,http://b:1"},
			"Member                b added as learner to cluster               c1\n" + added},
		{[]string{"member", "add", "m4", "--learner", "--peer-urls", "http://a:1", "-w", "json", "--hex"},
			`{"header":{"cluster_id":"c1","member_id":"0"},"member":{"ID":"b","name":"MemberAddRequest","peerURLs":["http://a:1"],"isLearner":true},` +
				`"members":[{"ID":"b","name":"MemberAddRequest","peerURLs":["http://a:1"],"isLearner":true}]}` + "\n"},
		{[]string{"member", "remove", "1f"}, "Member               1f removed from cluster               c1\n"},
		{[]string{"member", "remove", "1f", "-w", "fields"},
			"\"ClusterID\" : 193\n\"MemberID\" : 0\n\"RaftTerm\" : 0\n\"ID\" : 31\n\"Name\" : \"MemberRemoveRequest\"\n\"IsLearner\" : false\n\n"},
		{[]string{"member", "update", "1f", "--peer-urls", "http://a:1"}, "Member               1f updated in cluster               c1\n"},
		{[]string{"member", "update", "1f", "--peer-urls", "http://x:1,http://y:2", "-w", "json"},
			`{"header":{"cluster_id":193},"members":[{"ID":31,"name":"MemberUpdateRequest","peerURLs":["http://x:1","http://y:2"]}]}` + "\n"},
		{[]string{"member", "promote", "1f"}, "Member               1f promoted in cluster               c1\n"},
	}
	const warning = "Warning: with the new member 2 of 2 voting members must be up for anything to be written, and 1 is, " +
		"until it has joined (--learner adds it without a vote)\n"
	for _, tt := range tests {
		stderr := ""
		if tt.args[1] == "add" && !slices.Contains(tt.args, "--learner") {
			stderr = warning
		}
		etcdctl(t, append(tt.args, "--endpoints", f.endpoint)...).want(t, cli.OK, tt.stdout, stderr)
	}
}

// What is wrong with a command line is found before anything is sent.
func TestMemberChecksFirst(t *testing.T) {
	t.Parallel()
	f := memberServer().start(t)
	const badFormat = "Error: unsupported output format: \"yam\": use one of csv, fields, json, jsonl, protobuf, simple, table, template, yaml\n"
	tests := []struct {
		args   []string
		code   cli.Code
		stderr string
	}{
		{[]string{"list", "-w", "yam"}, cli.BadFeature, badFormat},
		{[]string{"list", "--consistency", "x", "-w", "yam"}, cli.BadFeature, "Error: unknown consistency flag \"x\": use l (linearizable) or s (serializable)\n"},
		{[]string{"add", "-w", "yam"}, cli.BadArgs, "Error: member name not provided\n"},
		{[]string{"add", "m4", "--peer-urls", "http://a:1", "-w", "yam"}, cli.BadFeature, badFormat},
		{[]string{"remove", "-w", "yam"}, cli.BadArgs, "Error: member ID is not provided\n"},
		{[]string{"remove", "1", "-w", "yam"}, cli.BadFeature, badFormat},
		{[]string{"update", "1", "-w", "yam"}, cli.BadArgs, "Error: member peer urls not provided\n"},
		{[]string{"update", "1", "--peer-urls", "http://a:1", "-w", "yam"}, cli.BadFeature, badFormat},
		{[]string{"promote", "1", "-w", "yam"}, cli.BadFeature, badFormat},
	}
	for _, tt := range tests {
		etcdctl(t, append([]string{"--endpoints", f.endpoint, "member"}, tt.args...)...).want(t, tt.code, "", tt.stderr)
	}
	if n := f.asked.Load(); n > 0 {
		t.Errorf("the server was asked %d times", n)
	}
}

func TestMemberErrors(t *testing.T) {
	t.Parallel()
	f := (&fakeMember{
		memberRemove: func(*pb.MemberRemoveRequest) (*pb.MemberRemoveResponse, error) {
			return nil, rpctypes.ErrGRPCMemberNotFound
		},
		authenticate: func(*pb.AuthenticateRequest) (*pb.AuthenticateResponse, error) {
			return nil, rpctypes.ErrGRPCAuthFailed
		},
	}).start(t)
	etcdctl(t, "--endpoints", f.endpoint, "member", "remove", "1").want(t, cli.Failure, "", "Error: etcdserver: member not found\n")
	etcdctl(t, "--endpoints", f.endpoint, "--user", "u:p", "member", "remove", "1").want(t, cli.BadConnection, "",
		"Error: etcdserver: authentication failed, invalid user ID or password\n")
}
