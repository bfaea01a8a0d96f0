package ctl

import (
	"strings"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/protobuf/proto"

	"etcdkit/commands/cli"
)

func TestParseCompare(t *testing.T) {
	t.Parallel()
	compare := func(key, op string, cmp func(string) clientv3.Cmp, value any) *pb.Compare {
		c := clientv3.Compare(cmp(key), op, value)
		return c.GetCompare()
	}
	for _, tt := range []struct {
		line string
		want *pb.Compare
	}{
		{`mod("k") > "0"`, compare("k", ">", clientv3.ModRevision, int64(0))},
		{`m("k") < "-3"`, compare("k", "<", clientv3.ModRevision, int64(-3))},
		{`c("k") = "7"`, compare("k", "=", clientv3.CreateRevision, int64(7))},
		{`create("k") != "7"`, compare("k", "!=", clientv3.CreateRevision, int64(7))},
		{`ver("k") = "1"`, compare("k", "=", clientv3.Version, int64(1))},
		{`version("k") = "+1"`, compare("k", "=", clientv3.Version, int64(1))},
		{`val("k") = "a b"`, compare("k", "=", clientv3.Value, "a b")},
		{`value("k \"\x00(") != ""`, compare("k \"\x00(", "!=", clientv3.Value, "")},
		{"val(`k\\n`) = `v`", compare(`k\n`, "=", clientv3.Value, "v")},
		{`val("") = "é"`, compare("", "=", clientv3.Value, "é")},
		{`lease("k") = "0"`, compare("k", "=", clientv3.LeaseValue, int64(0))},
		{`lease("k") = "694d5765fc71500b"`, compare("k", "=", clientv3.LeaseValue, int64(0x694d5765fc71500b))},
		{"val( \"k\")\t =  \"v\"  and more", compare("k", "=", clientv3.Value, "v")},
	} {
		got, err := parseCompare(tt.line)
		if err != nil || !proto.Equal(got.GetCompare(), tt.want) {
			t.Errorf("%s: got %v, %v, want %v", tt.line, got.GetCompare(), err, tt.want)
		}
	}
	for line, want := range map[string]string{
		``:                   `malformed comparison: `,
		`mod`:                `malformed comparison: mod`,
		`mod()`:              `malformed comparison: mod(); got mod("")  ""; key and value are quoted: mod("key") > "0"`,
		`mod(k) = "0"`:       `malformed comparison: mod(k) = "0"; got mod("")  ""; key and value are quoted: mod("key") > "0"`,
		`mod('k') = "0"`:     `malformed comparison: mod('k') = "0"; got mod("")  ""; key and value are quoted: mod("key") > "0"`,
		`mod("k" ) = "0"`:    `malformed comparison: mod("k" ) = "0"; got mod("k")  ""; key and value are quoted: mod("key") > "0"`,
		`mod("k")="0"`:       `malformed comparison: mod("k")="0"; got mod("k")  ""; key and value are quoted: mod("key") > "0"`,
		`mod("k") ="0"`:      `malformed comparison: mod("k") ="0"; got mod("k") ="0" ""; key and value are quoted: mod("key") > "0"`,
		`mod("k") = 0`:       `malformed comparison: mod("k") = 0; got mod("k") = ""; key and value are quoted: mod("key") > "0"`,
		`mod("k") = "`:       `malformed comparison: mod("k") = "; got mod("k") = ""; key and value are quoted: mod("key") > "0"`,
		`mod("\q") = "0"`:    `malformed comparison: mod("\q") = "0"; got mod("")  ""; key and value are quoted: mod("key") > "0"`,
		`mod("k") = "x"`:     `invalid txn compare request: mod("k") = "x"; the value must be a whole number`,
		`mod("k") = "0x1"`:   `invalid txn compare request: mod("k") = "0x1"; the value must be a whole number`,
		`ver("k") = ""`:      `invalid txn compare request: ver("k") = ""; the value must be a whole number`,
		`lease("k") = "xyz"`: `invalid txn compare request: lease("k") = "xyz"; the value must be a lease ID in Hex`,
		`MOD("k") = "0"`:     `malformed comparison: MOD("k") = "0" (unknown target MOD; use value, version, create, mod or lease)`,
		`mod ("k") = "0"`:    `malformed comparison: mod ("k") = "0" (unknown target mod ; use value, version, create, mod or lease)`,
		`("k") = "0"`:        `malformed comparison: ("k") = "0" (unknown target ; use value, version, create, mod or lease)`,
		`mod("k") == "0"`:    `malformed comparison: mod("k") == "0" (unknown operator ==; use =, !=, < or >)`,
		`val("k") >= "0"`:    `malformed comparison: val("k") >= "0" (unknown operator >=; use =, !=, < or >)`,
		`mod("k") %d "0"`:    `malformed comparison: mod("k") %d "0" (unknown operator %d; use =, !=, < or >)`,
	} {
		got, err := parseCompare(line)
		if err == nil || err.Error() != want || cli.CodeOf(err) != cli.InvalidInput {
			t.Errorf("%s: got %v, error %v with code %d, want %s", line, got.GetCompare(), err, cli.CodeOf(err), want)
		}
	}
}

func TestParseRequest(t *testing.T) {
	t.Parallel()
	put := func(key, value string, opts ...clientv3.OpOption) clientv3.Op {
		return clientv3.OpPut(key, value, opts...)
	}
	limit := clientv3.WithLimit(0)
	for _, tt := range []struct {
		line string
		want clientv3.Op
	}{
		{`put k v`, put("k", "v")},
		{`put "k 1" 'v"2'`, put("k 1", `v"2`)},
		{`put k "" more words`, put("k", "")},
		{`p k v`, put("k", "v")},
		{`"pu" k v`, put("k", "v")},
		{`put --lease 7f k v --prev-kv`, put("k", "v", clientv3.WithLease(0x7f), clientv3.WithPrevKV())},
		{`--lease 7f put k v`, put("k", "v", clientv3.WithLease(0x7f))},
		{`--prev-kv=true put k v`, put("k", "v", clientv3.WithPrevKV())},
		{`- "" put k v`, put("-", "", nil...)},
		{`put k -- -v`, put("k", "-v")},
		{`put k --ignore-value`, put("k", "", clientv3.WithIgnoreValue())},
		{`get k`, clientv3.OpGet("k", limit)},
		{`g k l --limit=2`, clientv3.OpGet("k", clientv3.WithRange("l"), clientv3.WithLimit(2))},
		{`get "" --prefix --keys-only`, clientv3.OpGet("\x00", clientv3.WithFromKey(), clientv3.WithKeysOnly())},
		{`get k --print-value-only --stream`, clientv3.OpGet("k", limit)},
		{`del k`, clientv3.OpDelete("k")},
		{`d k --prefix --prev-kv`, clientv3.OpDelete("k", clientv3.WithPrefix(), clientv3.WithPrevKV())},
		{`del a b --range`, clientv3.OpDelete("a", clientv3.WithRange("b"))},
	} {
		got, err := parseRequest(tt.line)
		if err != nil || got.warning != "" || !sameOp(got.op, tt.want) {
			t.Errorf("%s: got %+v, %v, want %+v", tt.line, got, err, tt.want)
		}
	}

	got, err := parseRequest(`del a "b c"`)
	if err != nil || !sameOp(got.op, clientv3.OpDelete("a", clientv3.WithRange("b c"))) || !strings.HasPrefix(got.warning, `Warning: Keys between "a" and "b c"`) {
		t.Errorf("a plain range: got %+v, %v", got, err)
	}

	const putArgs = "put command needs 1 argument and input from stdin or 2 arguments"
	for _, tt := range []struct {
		line, want string
		code       cli.Code
	}{
		{`put`, `invalid txn compare request: put`, cli.InvalidInput},
		{`"`, `invalid txn compare request: "`, cli.InvalidInput},
		{`put "\q" v`, `invalid syntax`, cli.InvalidInput},
		{`foo k`, `invalid txn request: foo k`, cli.InvalidInput},
		{`PUT k v`, `invalid txn request: PUT k v`, cli.InvalidInput},
		{`puts k v`, `invalid txn request: puts k v`, cli.InvalidInput},
		{`help put`, `invalid txn request: help put`, cli.InvalidInput},
		{`put -h`, `invalid txn request: put -h`, cli.InvalidInput},
		{`get k --help`, `invalid txn request: get k --help`, cli.InvalidInput},
		{`get k -w json`, `invalid txn request: get k -w json`, cli.InvalidInput},
		{`get k --limit x`, `invalid txn request: get k --limit x`, cli.InvalidInput},
		{`del "" --prefix --yes`, `invalid txn request: del "" --prefix --yes`, cli.InvalidInput},
		{`-- get k`, `invalid txn request: -- get k`, cli.InvalidInput},
		{`--prefix get k`, `invalid txn request: --prefix get k`, cli.InvalidInput},
		{`--limit 5`, `invalid txn request: --limit 5`, cli.InvalidInput},
		{`put k`, putArgs, cli.BadArgs},
		{`put k v --lease xyz`, `bad lease ID "xyz", expecting ID in Hex, as lease list shows it`, cli.BadArgs},
		{`get --prefix`, "get command needs one argument as key and an optional argument as range_end", cli.BadArgs},
		{`get k --order up`, "bad sort order up: use ASCEND or DESCEND", cli.BadFeature},
		{`del a b c`, "del command needs one argument as key and an optional argument as range_end", cli.BadArgs},
		{`del a --prefix --from-key`, "`--prefix` and `--from-key` cannot be set at the same time, choose one", cli.BadArgs},
	} {
		got, err := parseRequest(tt.line)
		if err == nil || err.Error() != tt.want || cli.CodeOf(err) != tt.code {
			t.Errorf("%s: got %+v, error %v with code %d, want %s with %d", tt.line, got, err, cli.CodeOf(err), tt.want, tt.code)
		}
	}
}

// sameOp compares operations of which only the client sees all.
func sameOp(a, b clientv3.Op) bool {
	return a.IsPut() == b.IsPut() && a.IsGet() == b.IsGet() && a.IsDelete() == b.IsDelete() &&
		string(a.KeyBytes()) == string(b.KeyBytes()) && string(a.RangeBytes()) == string(b.RangeBytes()) &&
		string(a.ValueBytes()) == string(b.ValueBytes()) && a.Limit() == b.Limit() && a.IsKeysOnly() == b.IsKeysOnly() &&
		a.Rev() == b.Rev() && a.IsSerializable() == b.IsSerializable()
}

// FuzzTxnLine reads a line of either kind of section: it is used or refused
// with a code for bad input, and never panics.
func FuzzTxnLine(f *testing.F) {
	for _, line := range []string{
		`mod("k") > "0"`, `lease("k") = "7f"`, `val("\x00") != "v" x`, "ver(`k`) == `1`", `c("k") < "99999999999999999999"`,
		`put "k 1" 'v' --lease 7f`, `--limit=5 get k --prefix`, `del a b`, `put -h`, `get "\q"`, `- "" put`, `"unclosed`, `p -- -`,
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		_, cmpErr := parseCompare(line)
		_, reqErr := parseRequest(line)
		for _, err := range []error{cmpErr, reqErr} {
			switch cli.CodeOf(err) {
			case cli.OK, cli.InvalidInput, cli.BadArgs, cli.BadFeature:
			default:
				t.Errorf("%q: code %d for %v", line, cli.CodeOf(err), err)
			}
		}
	})
}
