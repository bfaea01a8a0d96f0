package ctlv2

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestFlatten(t *testing.T) {
	t.Parallel()
	tests := []struct {
		doc  string
		want []field
	}{
		{`{}`, nil},
		{` {"b":1,"a":"x y"} `, []field{{"b", "1"}, {"a", "x y"}}},
		{`{"a":{"b":{"c":true}},"d":[1.50,{"e":null}],"f":[]}`, []field{{"a.b.c", "true"}, {"d.0", "1.50"}, {"d.1.e", "null"}}},
		{`{"big":18446744073709551615}`, []field{{"big", "18446744073709551615"}}},
	}
	for _, tt := range tests {
		got, err := flatten([]byte(tt.doc))
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, %v", tt.doc, got, err)
		}
	}
	for _, doc := range []string{"", "[]", "1", "null", "<html>"} {
		if _, err := flatten([]byte(doc)); !errors.Is(err, errNoObject) {
			t.Errorf("%q: %v", doc, err)
		}
	}
	for _, doc := range []string{"{", `{"a"}`, `{"a":1}{`, "{" + strings.Repeat(`"a":{`, 20000)} {
		if got, err := flatten([]byte(doc)); err == nil {
			t.Errorf("%.20q: %v, want an error", doc, got)
		}
	}
}

// What is flattened without an error is a JSON object.
func FuzzFlatten(f *testing.F) {
	for _, doc := range []string{`{"a":{"b":[1,"x",null,{}]}}`, `{"":""}`, `{"a":1}x`, "[", "\xff{"} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		fields, err := flatten(doc)
		var object map[string]any
		if bad := json.Unmarshal(doc, &object); (err == nil) != (bad == nil && object != nil) {
			t.Errorf("%q: %v as fields, %v as an object", doc, err, bad)
		}
		if err != nil && len(fields) > 0 && json.Valid(doc) {
			t.Errorf("%q: %v, and yet %v", doc, fields, err)
		}
	})
}

// An answer that is read without an error has a node; no answer panics.
func FuzzReadEvent(f *testing.F) {
	for _, body := range []string{
		`{"action":"set","node":{"key":"/a","value":"1","modifiedIndex":4,"createdIndex":4}}`,
		`{"errorCode":401,"message":"The event in requested index is outdated and cleared","cause":"x","index":9}`,
		`{}`, `null`, `{"node":null}`, `{"message":""}`, `<html>`, ``,
	} {
		f.Add(200, body)
		f.Add(400, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		resp := &http.Response{
			StatusCode: status, Status: "status", Header: http.Header{"X-Etcd-Index": {body}},
			Request: &http.Request{URL: &url.URL{Scheme: "http", Host: "h"}},
		}
		event, err := readEvent(resp, []byte(body))
		if err == nil && (status != http.StatusOK || event.Node == nil) {
			t.Errorf("%d %q: %v", status, body, event)
		}
		if err != nil && err.Error() == "" {
			t.Errorf("%d %q: an error without words", status, body)
		}
		_, _ = parseHealth([]byte(body))
	})
}
