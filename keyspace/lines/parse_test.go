package lines

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line string
		want Pair
		err  string
	}{
		{line: `{"key":"a","value":"b"}`, want: Pair{Key: []byte("a"), Value: []byte("b")}},
		{line: " { \"value\" : \"\" ,\t\"key\" : \"a\" } \r", want: Pair{Key: []byte("a"), Value: []byte{}}},
		{line: `{"key_text":"a","value_base64":"AP8="}`, want: Pair{Key: []byte("a"), Value: []byte{0, 255}}},
		{line: `{"key":"\u00e4\n\"\\\/\b\f\r\t\ud83d\ude00","value":"ä"}`, want: Pair{Key: []byte("ä\n\"\\/\b\f\r\t😀"), Value: []byte("ä")}},
		{line: `{"key":"a","value":"b","ttl":60}`, want: Pair{Key: []byte("a"), Value: []byte("b"), TTL: 60}},
		{line: `{"key":"a","value":"b","lease":"00000000000000ff","ttl":60}`, want: Pair{Key: []byte("a"), Value: []byte("b"), Lease: 255, TTL: 60}},
		{line: `{"key":"a","value":"b","created":1,"modified":2,"version":3}`,
			want: Pair{Key: []byte("a"), Value: []byte("b"), Created: 1, Modified: 2, Version: 3}},
		{line: `{"key":"Zm9v","create_revision":1,"mod_revision":2,"version":3,"value":"YmFy"}`,
			want: Pair{Key: []byte("foo"), Value: []byte("bar"), Created: 1, Modified: 2, Version: 3}},
		{line: `{"key":"Zm9v","create_revision":1,"mod_revision":2,"version":3}`, want: Pair{Key: []byte("foo"), Created: 1, Modified: 2, Version: 3}},
		{line: `{"key_text":"foo","mod_revision":2,"value":"YmFy"}`, want: Pair{Key: []byte("foo"), Value: []byte("bar"), Modified: 2}},

		{line: ``, err: "the line ends in the middle"},
		{line: `{"key":"a","value":"b"`, err: "the line ends in the middle"},
		{line: `{"key":"a","val`, err: "the line ends in the middle"},
		{line: `{"key":"a\`, err: "the line ends in the middle"},
		{line: `{"key":"a\u12`, err: "the line ends in the middle"},
		{line: `[]`, err: `'[' at byte 1, where { should be`},
		{line: `{"key":"a","value":"b"} x`, err: `'x' at byte 25, where the end of the line should be`},
		{line: `{"key":"a" "value":"b"}`, err: `'"' at byte 12, where a comma or } should be`},
		{line: `{}`, err: `no "key"`},
		{line: `{"key":"a"}`, err: `no "value"`},
		{line: `{"key":"","value":"b"}`, err: "the key is empty"},
		{line: `{"kye":"a","value":"b"}`, err: `unknown field "kye"`},
		{line: `{"Key":"a","value":"b"}`, err: `unknown field "Key"`},
		{line: `{"key":"a","key":"a","value":"b"}`, err: `field "key" stands there twice`},
		{line: `{"key":"a","key_base64":"YQ==","value":"b"}`, err: "the key stands there twice"},
		{line: `{"key":1,"value":"b"}`, err: "key is no string"},
		{line: `{"key":null,"value":"b"}`, err: "key is no string"},
		{line: `{"key":"a","value_base64":"!"}`, err: "value_base64 is no base64: illegal base64 data at input byte 0"},
		{line: `{"key":"a","value_base64":"AB=="}`, err: "value_base64 is no base64: illegal base64 data at input byte 2"},
		{line: "{\"key\":\"a\",\"value\":\"\xff\"}", err: "text that is not UTF-8: it has to be base64"},
		{line: "{\"key\":\"a\",\"value\":\"a\nb\"}", err: `control character '\n' at byte 22 of the line`},
		{line: `{"key":"a","value":"\x"}`, err: `unknown escape \x at byte 21`},
		{line: `{"key":"a","value":"\uzzzz"}`, err: `bad \u escape at byte 21`},
		{line: `{"key":"a","value":"\ud83d"}`, err: "half a surrogate pair before byte 27"},
		{line: `{"key":"a","value":"\ud83dx"}`, err: "half a surrogate pair before byte 27"},
		{line: `{"key":"a","value":"b","ttl":"60"}`, err: "ttl is no number"},
		{line: `{"key":"a","value":"b","ttl":-1}`, err: "ttl is not a whole number from 0 on"},
		{line: `{"key":"a","value":"b","ttl":01}`, err: "ttl is not a whole number from 0 on"},
		{line: `{"key":"a","value":"b","ttl":1.5}`, err: `'.' at byte 31, where a comma or } should be`},
		{line: `{"key":"a","value":"b","ttl":0}`, err: "ttl 0 is not between 1 and 9000000000 seconds"},
		{line: `{"key":"a","value":"b","ttl":9000000001}`, err: "ttl 9000000001 is not between 1 and 9000000000 seconds"},
		{line: `{"key":"a","value":"b","lease":"1"}`, err: `a "lease" without its "ttl"`},
		{line: `{"key":"YQ==","value":"Yg==","mod_revision":2,"lease":7}`, err: `a "lease" without its "ttl"`},
		{line: `{"key":"a","value":"b","lease":"xyz","ttl":1}`, err: `lease "xyz" is not the id of a lease`},
		{line: `{"key":"a","value":"b","lease":"0","ttl":1}`, err: `lease "0" is not the id of a lease`},
	} {
		got, err := Parse([]byte(tt.line))
		if text := message(err); text != tt.err {
			t.Errorf("%s: error %q, want %q", tt.line, text, tt.err)
		}
		if err == nil && !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %+v, want %+v", tt.line, got, tt.want)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// A pair that is written is read back unchanged, byte for byte, and
// encoding/json reads the same line.
func FuzzAppend(f *testing.F) {
	f.Add([]byte("key"), []byte("value"), int64(5), int64(7))
	f.Add([]byte("\x00\xff"), []byte("\"\\\x00\x1f<&>\u2028\U0001f600"), int64(0), int64(0))
	f.Fuzz(func(t *testing.T, key, value []byte, lease, ttl int64) {
		if len(key) == 0 {
			t.Skip("a pair has a key")
		}
		p := Pair{Key: bytes.Clone(key), Value: bytes.Clone(value), Created: 1, Modified: 2, Version: 3}
		if ttl > 0 && ttl <= MaxTTL && lease >= 0 {
			p.Lease, p.TTL = lease, ttl
		}
		line := Append(nil, p)
		if !json.Valid(line) || bytes.Count(line, []byte("\n")) != 1 {
			t.Fatalf("%q is no JSON line", line)
		}
		got, err := Parse(line)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if !bytes.Equal(got.Key, p.Key) || !bytes.Equal(got.Value, p.Value) || got.Lease != p.Lease || got.TTL != p.TTL ||
			got.Created != 1 || got.Modified != 2 || got.Version != 3 {
			t.Fatalf("%q: got %+v, want %+v", line, got, p)
		}
	})
}

// What is taken for a pair is JSON whose text encoding/json reads as well.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"key":"a","value":"b","lease":"ff","ttl":60}`))
	f.Add([]byte(`{"key_base64":"YQ==","value_text":"\ud83d\ude00\u0000","created":1}`))
	f.Add([]byte(`{"key":"Zm9v","mod_revision":2}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		p, err := Parse(line)
		if err != nil {
			return
		}
		var members map[string]any
		if err := json.Unmarshal(line, &members); err != nil {
			t.Fatalf("%q is taken, but: %v", line, err)
		}
		if len(p.Key) == 0 || p.TTL < 0 || p.Lease < 0 {
			t.Fatalf("%q: %+v", line, p)
		}
		if s, ok := members["value_text"].(string); ok && (s != string(p.Value) || !utf8.ValidString(s)) {
			t.Fatalf("%q: value %q, encoding/json reads %q", line, p.Value, s)
		}
		if strings.Contains(string(p.Value), "\ufffd") && !bytes.Contains(line, []byte("\ufffd")) && !bytes.Contains(bytes.ToLower(line), []byte("fffd")) && members["value_base64"] == nil && members["mod_revision"] == nil {
			t.Fatalf("%q: something was replaced: %q", line, p.Value)
		}
	})
}
