package kube

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// newDecoder returns a decoder; the test ends if there is none.
func newDecoder(t testing.TB, o Options) *Decoder {
	t.Helper()
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// file returns a file of testdata, which e2e/tools/kubetable has written.
func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// bytesField is a field of bytes in a message.
func bytesField(num protowire.Number, v string) string {
	return string(protowire.AppendString(protowire.AppendTag(nil, num, protowire.BytesType), v))
}

func intField(num protowire.Number, v uint64) string {
	return string(protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), v))
}

// sealed is an envelope around a message.
func sealed(apiVersion, kind, raw string) string {
	return "k8s\x00" + bytesField(1, bytesField(1, apiVersion)+bytesField(2, kind)) + bytesField(2, raw) + bytesField(3, "") + bytesField(4, "")
}

func TestObjects(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.pb")
	if err != nil || len(files) < 9 {
		t.Fatal(files, err)
	}
	d := newDecoder(t, Options{ShowSecrets: true})
	for _, name := range files {
		name = strings.TrimSuffix(filepath.Base(name), ".pb")
		got, err := d.Decode([]byte("x"), nil, file(t, name+".pb"))
		if want := "x" + strings.TrimSuffix(string(file(t, name+".json")), "\n"); err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, want)
		}
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	meta := bytesField(1, bytesField(1, "a"))
	for _, tt := range []struct {
		name, key, value, want string
		options                Options
	}{
		{"JSON", "/registry/x", ` {}`, "ERROR no Kubernetes object", Options{}},
		{"custom resource", "/registry/x", `{"apiVersion":"a/v1", "kind":"B", "spec":{"n":1.50, "s":"<é\u00e9"}}` + "\n",
			`{"apiVersion":"a/v1","kind":"B","spec":{"n":1.50,"s":"<é\u00e9"}}`, Options{}},
		{"JSON without a kind", "/registry/x", `{"apiVersion":"a/v1"}`, "ERROR no Kubernetes object", Options{}},
		{"JSON that is cut", "/registry/x", `{"apiVersion":"a/v1","kind":"B"`, "ERROR no Kubernetes object: JSON ends where a comma should be", Options{}},
		{"text", "compact_rev_key", "1234", "ERROR no Kubernetes object", Options{}},
		{"nothing", "a", "", "ERROR no Kubernetes object", Options{}},
		{"unknown kind", "/registry/x", sealed("new.k8s.io/v1", "Thing", meta+bytesField(2, bytesField(1, "text")+intField(2, 7))+intField(3, 1)+intField(3, 2)+bytesField(4, "\xff")),
			`{"apiVersion":"new.k8s.io/v1","kind":"Thing","metadata":{"name":"a"},"#2":{"#1":"text","#2":7},"#3":[1,2],"#4":"/w=="}`, Options{}},
		{"unknown kind without metadata", "/registry/x", sealed("v1", "Thing", bytesField(1, "\x01")), `{"apiVersion":"v1","kind":"Thing","#1":"AQ=="}`, Options{}},
		{"field of a later release", "/registry/x", sealed("v1", "ConfigMap", meta+bytesField(99, "new")),
			`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"#99":"new"}`, Options{}},
		{"clean, field of a later release", "/registry/x", sealed("v1", "ConfigMap", meta+bytesField(99, "new")),
			`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}`, Options{Clean: true}},
		{"fields in any order, in parts", "/registry/x", sealed("v1", "ConfigMap", bytesField(2, bytesField(1, "b")+bytesField(2, "1"))+meta+
			bytesField(2, bytesField(2, "2")+bytesField(1, "a"))+bytesField(1, bytesField(3, "n"))+bytesField(2, bytesField(1, "b")+bytesField(2, "3"))),
			`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"n"},"data":{"a":"2","b":"3"}}`, Options{}},
		{"damaged", "/registry/x", sealed("v1", "ConfigMap", meta+"\x12\x7f"), "ERROR v1 ConfigMap: unexpected EOF", Options{}},
		{"envelope that is cut", "/registry/x", "k8s\x00\x0a\x09\x0a\x02v1", "ERROR envelope: unexpected EOF", Options{}},
		{"compressed", "/registry/x", "k8s\x00" + bytesField(1, bytesField(1, "v1")+bytesField(2, "Pod")) + bytesField(3, "gzip"),
			`ERROR v1 Pod: the content encoding "gzip" is not supported`, Options{}},
		{"Secret", "/registry/x", string(file(t, "secret.pb")), `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"shop","namespace":"shop",` +
			`"uid":"5ad0c6a1-33f1-4d0a-8f43-2f4c21d7a9b0","creationTimestamp":"2026-01-01T00:00:00Z",` +
			`"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"<masked>"},"managedFields":[{"manager":"kube-controller-manager",` +
			`"operation":"Update","apiVersion":"v1","time":"2026-01-01T00:00:03Z","fieldsType":"FieldsV1",` +
			`"fieldsV1":{"f:data":{".":{},"f:password":{}},"f:type":{}}}]},"data":{"empty":"<masked>","password":"<masked>"},"type":"Opaque"}`, Options{}},
		{"clean Secret", "/registry/x", string(file(t, "secret.pb")), `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"shop","namespace":"shop"},` +
			`"data":{"empty":"","password":"aHVudGVyMg=="},"type":"Opaque"}`, Options{Clean: true, ShowSecrets: true}},
		{"Secret in JSON", "/registry/x", `{"kind":"Secret","apiVersion":"v1","data":{"a":"eA==","b":["eA=="]},"stringData":{"c":"x"},"x":{"data":{"a":1}}}`,
			`{"kind":"Secret","apiVersion":"v1","data":{"a":"<masked>","b":"<masked>"},"stringData":{"c":"<masked>"},"x":{"data":{"a":1}}}`, Options{}},
		{"Secret in JSON with escapes", "/registry/x", `{"\u006bind":"S\u0065cret","apiVersion":"v1","d\u0061ta":"eA=="}`,
			`{"\u006bind":"S\u0065cret","apiVersion":"v1","d\u0061ta":"<masked>"}`, Options{}},
		{"damaged Secret", "/registry/secrets/a", sealed("v1", "Secret", meta+"\x12\x7f"),
			`{"apiVersion":"v1","kind":"Secret","#error":"v1 Secret: unexpected EOF; the value is only shown with --show-secrets"}`, Options{}},
		{"damaged Secret in JSON", "/registry/secrets/a", `{"data":{"a":"eA=="`,
			`{"#error":"no Kubernetes object: JSON ends where a comma should be; the value is only shown with --show-secrets"}`, Options{}},
		{"damaged Secret that may be shown", "/registry/secrets/a", sealed("v1", "Secret", meta+"\x12\x7f"), "ERROR v1 Secret: unexpected EOF", Options{ShowSecrets: true}},
		{"Secret of another release", "/registry/x", sealed("v2", "Secret", meta+bytesField(2, "hunter2")),
			`{"apiVersion":"v2","kind":"Secret","metadata":{"name":"a"},"#2":"<masked>"}`, Options{}},
		{"clean", "/registry/x", `{"apiVersion":"a/v1","kind":"B","metadata":{"uid":"1","name":"n","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}","x":"y"},` +
			`"managedFields":[{}],"creationTimestamp":null,"generation":2,"resourceVersion":"3","selfLink":"/","ownerReferences":[]},"status":{},"spec":{"status":1,"uid":2}}`,
			`{"apiVersion":"a/v1","kind":"B","metadata":{"name":"n","annotations":{"x":"y"}},"spec":{"status":1,"uid":2}}`, Options{Clean: true}},
		{"CBOR", "/registry/x", "\xd9\xd9\xf7\xa3\x4aapiVersion\x44a/v1\x44kind\x41B\x44spec\xa5\x41a\x83\x01\x20\xf9\x3e\x00\x41b\xf6\x41c\xd6\x42hi\x41d\x9f\xf5\xff\x41e\x5f\x41x\x41y\xff",
			`{"apiVersion":"a/v1","kind":"B","spec":{"a":[1,-1,1.5],"b":null,"c":"aGk=","d":[true],"e":"xy"}}`, Options{}},
		{"CBOR that is cut", "/registry/x", "\xd9\xd9\xf7\xa3\x4aapi", "ERROR CBOR ends within a value", Options{}},
		{"encrypted", "/registry/x", "k8s:enc:kms:v2:cloud:\x00\x01", `ERROR encrypted at rest by kms with key "cloud": only the plugin of kube-apiserver can decrypt it`, Options{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := newDecoder(t, tt.options).Decode(nil, []byte(tt.key), []byte(tt.value))
			if err != nil {
				got = []byte("ERROR " + err.Error())
			}
			if string(got) != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// TestAnyBytes cuts and changes values at every place: a decoder may fail, but what
// it returns is JSON.
func TestAnyBytes(t *testing.T) {
	t.Parallel()
	d := newDecoder(t, Options{})
	for _, name := range []string{"secret", "crd", "pod"} {
		value := file(t, name+".pb")
		for i := range value {
			for _, damaged := range [][]byte{value[:i], append(append(bytes.Clone(value[:i]), value[i]^0xff), value[i+1:]...)} {
				got, err := d.Decode(nil, []byte("/registry/"+name+"s/shop/a"), damaged)
				if err == nil && !json.Valid(got) {
					t.Fatalf("%s, byte %d: %s", name, i, got)
				}
				if name == "secret" && (err != nil || bytes.Contains(got, []byte("hunter2")) || bytes.Contains(got, []byte("aHVudGVyMg"))) {
					t.Fatalf("byte %d shows the Secret: %s, %v", i, got, err)
				}
			}
		}
	}
}

func TestDepth(t *testing.T) {
	t.Parallel()
	d := newDecoder(t, Options{})
	for name, value := range map[string]string{
		"JSON":     `{"apiVersion":"v1","kind":"B","x":` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + "}",
		"CBOR":     "\xd9\xd9\xf7" + strings.Repeat("\x81", maxDepth+1),
		"protobuf": sealed("apiextensions.k8s.io/v1", "CustomResourceDefinition", nested(maxDepth)),
	} {
		if _, err := d.Decode(nil, nil, []byte(value)); !errors.Is(err, errDepth) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// nested is the message of a CRD whose schema has so many levels of "not".
func nested(levels int) string {
	schema := ""
	for range levels {
		schema = bytesField(28, schema)
	}
	return bytesField(2, bytesField(7, bytesField(4, bytesField(1, schema))))
}

// TestProportion decodes a value of many empty messages, whose JSON would be much
// larger than the value.
func TestProportion(t *testing.T) {
	t.Parallel()
	container := bytesField(2, "")
	value := sealed("v1", "Pod", bytesField(2, strings.Repeat(container, 1<<20)))
	got, err := newDecoder(t, Options{}).Decode(nil, nil, []byte(value))
	if err == nil && len(got) > 65*len(value)+64<<10 {
		t.Errorf("%d bytes from %d", len(got), len(value))
	}
}

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.pb")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		f.Add(file(f, filepath.Base(name)))
	}
	f.Add([]byte("\xd9\xd9\xf7\xa2\x4aapiVersion\x44a/v1\x44kind\x41B"))
	f.Add([]byte(`{"apiVersion":"a/v1","kind":"B","metadata":{"uid":"1"},"spec":[1.5e-7,"\u00e9"]}`))
	f.Add([]byte("k8s:enc:aescbc:v1:a:b"))
	decoders := []*Decoder{newDecoder(f, Options{}), newDecoder(f, Options{Clean: true})} // reading the table takes longer than decoding
	f.Fuzz(func(t *testing.T, value []byte) {
		for _, d := range decoders {
			got, err := d.Decode(nil, []byte("/registry/x"), value)
			if err == nil && !json.Valid(got) {
				t.Fatalf("%q", got)
			}
			if len(got) > 65*len(value)+1<<20 {
				t.Fatalf("%d bytes from %d", len(got), len(value))
			}
		}
	})
}

// FuzzJSON compares the copier of JSON with encoding/json.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{"{}", "[1,-0.5e+3,\"a\\u00e9\\n\",null,true]", "01", "1.", "-", "\"\x01\"", "[1,]", "{\"a\":}", "\"\\x\"", "\xff", "\"\xf3\xf3\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := appendJSON(nil, in)
		if errors.Is(err, errDepth) {
			return
		}
		if (err == nil) != json.Valid(in) {
			t.Fatalf("%v, %v", err, json.Valid(in))
		}
		if err != nil {
			return
		}
		var a, b any
		if json.Unmarshal(in, &a) == nil && (json.Unmarshal(got, &b) != nil || !reflect.DeepEqual(a, b)) {
			t.Fatalf("%q", got)
		}
	})
}

func BenchmarkPods(b *testing.B) {
	d, value, dst := newDecoder(b, Options{}), file(b, "pod.pb"), []byte(nil)
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if dst, err = d.Decode(dst[:0], []byte("/registry/pods/shop/web"), value); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "objects/s")
}
