package read

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/commands/cli"
	"etcdkit/kube"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

// decodeKube is the value of --decode for Kubernetes objects.
const decodeKube = "kube"

// DecodeFlags are the flags of commands that can print decoded values.
type DecodeFlags struct {
	decode, encryptionConfig string
	showSecrets, clean       bool
}

// AddFlags adds the flags to a command.
func (f *DecodeFlags) AddFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.decode, "decode", "", "decode values of this `kind`: kube prints Kubernetes objects as YAML or JSON")
	fs.BoolVar(&f.showSecrets, "show-secrets", false, "with --decode kube: print the data of Secrets")
	fs.BoolVar(&f.clean, "clean", false, "with --decode kube: leave out status and what the server sets, for kubectl apply")
	fs.StringVar(&f.encryptionConfig, "encryption-config", "", "with --decode kube: decrypt with the keys of this EncryptionConfiguration `file`")
	cli.CompleteFlag(cmd, "decode", decodeKube)
}

// Decoder returns what decodes values for an output format, nil without --decode. It
// reports values that can't be decoded on standard error, each reason once.
func (f *DecodeFlags) Decoder(streams *cli.Streams, format string) (view.Decoder, error) {
	if err := f.validate(format); err != nil || f.decode == "" {
		return nil, err
	}
	o := kube.Options{ShowSecrets: f.showSecrets, Clean: f.clean}
	if f.encryptionConfig != "" {
		text, err := os.ReadFile(f.encryptionConfig)
		if err != nil {
			return nil, cli.Exit(cli.BadArgs, fmt.Errorf("--encryption-config: %w", err))
		}
		if o.Keys, err = kube.ReadKeys(text); err != nil {
			return nil, cli.Exit(cli.BadArgs, fmt.Errorf("--encryption-config %s: %w", f.encryptionConfig, err))
		}
	}
	d, err := kube.New(o)
	if err != nil {
		return nil, err
	}
	return &decoder{decoder: d, streams: streams, reported: map[string]bool{}}, nil
}

func (f *DecodeFlags) validate(format string) error {
	switch {
	case f.decode == decodeKube && format == "protobuf":
		return cli.Exit(cli.BadArgs, errors.New("`--decode` prints text: use another format than `--write-out=protobuf`"))
	case f.decode == decodeKube:
		return nil
	case f.decode != "":
		return cli.Exit(cli.BadArgs, fmt.Errorf("unknown value %q of --decode: use kube", f.decode))
	}
	for _, flag := range []struct {
		name  string
		given bool
	}{{"show-secrets", f.showSecrets}, {"clean", f.clean}, {"encryption-config", f.encryptionConfig != ""}} {
		if flag.given {
			return cli.Exit(cli.BadArgs, fmt.Errorf("`--%s` requires `--decode kube`", flag.name))
		}
	}
	return nil
}

// maxReports limits how many reasons are reported, because values may name as many
// keys and providers as they like.
const maxReports = 16

// decoder decodes values for views, and reports those that it can't.
type decoder struct {
	decoder  *kube.Decoder
	streams  *cli.Streams
	buf      []byte
	reported map[string]bool
}

// Decode returns the document of a value, or a note why it has none. The value is
// printed as it is if it is not meant to be an object.
func (d *decoder) Decode(key, value []byte) view.Decoded {
	doc, err := d.decoder.Decode(d.buf[:0], key, value)
	d.buf = doc
	switch {
	case errors.Is(err, kube.ErrNoObject):
		d.report(key, "no Kubernetes object; such values are printed as they are")
		return view.Decoded{}
	case err != nil:
		d.report(key, err.Error())
		return view.Decoded{Note: err.Error()}
	}
	return view.Decoded{JSON: doc}
}

// decoded returns a copy of the document of a value, or the value.
func decoded(d view.Decoder, kv *mvccpb.KeyValue) []byte {
	if d == nil || len(kv.GetValue()) == 0 {
		return kv.GetValue()
	}
	switch got := d.Decode(kv.GetKey(), kv.GetValue()); {
	case got.JSON != nil:
		return bytes.Clone(got.JSON)
	case got.Note != "": // the bytes may be a secret
		return []byte(got.Note)
	}
	return kv.GetValue()
}

func (d *decoder) report(key []byte, reason string) {
	if d.reported[reason] || len(d.reported) > maxReports {
		return
	}
	d.reported[reason] = true
	line := fmt.Sprintf("%s: %s", key, reason)
	if len(d.reported) > maxReports {
		line = "more values can't be decoded; they are not reported here"
	}
	fmt.Fprintln(d.streams.Err, printer.Visible(line))
}
