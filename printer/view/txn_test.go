package view

import (
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
)

func opResponses() []*pb.ResponseOp {
	part := &pb.ResponseHeader{Revision: 9}
	return []*pb.ResponseOp{
		{Response: &pb.ResponseOp_ResponsePut{ResponsePut: &pb.PutResponse{Header: part}}},
		{Response: &pb.ResponseOp_ResponsePut{ResponsePut: &pb.PutResponse{Header: part, PrevKv: plainKV}}},
		{Response: &pb.ResponseOp_ResponseRange{ResponseRange: &pb.RangeResponse{Header: part, Kvs: []*mvccpb.KeyValue{plainKV, oddKV}, Count: 2}}},
		{Response: &pb.ResponseOp_ResponseDeleteRange{ResponseDeleteRange: &pb.DeleteRangeResponse{Header: part, Deleted: 1}}},
		{Response: &pb.ResponseOp_ResponseRange{ResponseRange: &pb.RangeResponse{Header: part}}},
	}
}

func TestTxn(t *testing.T) {
	t.Parallel()
	const part, zero = `{"header":{"revision":9}`, "\"ClusterID\" : 0\n\"MemberID\" : 0\n\"Revision\" : 9\n\"RaftTerm\" : 0\n"
	plain, plainHex, odd, oddHex := fieldsOf("")
	prev, prevHex, _, _ := fieldsOf("Prev")
	empty := &pb.TxnResponse{Header: answered(9)}
	full := &pb.TxnResponse{Header: answered(9), Succeeded: true, Responses: opResponses()}
	for _, s := range []shown{
		{
			name: "nothing done", view: Txn{empty}, simple: "FAILURE\n", json: "{" + answeredJSON + "}\n", protobuf: empty,
			fields: answeredFields + "\"Succeeded\" : false\n", hexFields: answeredHexFields + "\"Succeeded\" : false\n",
			table: `+---------+----+---------+--------+-----+-------+-----------------+--------------+---------+-------+
| BRANCH  | OP | REQUEST | RESULT | KEY | VALUE | CREATE REVISION | MOD REVISION | VERSION | LEASE |
+---------+----+---------+--------+-----+-------+-----------------+--------------+---------+-------+
| failure |    |         |        |     |       |                 |              |         |       |
+---------+----+---------+--------+-----+-------+-----------------+--------------+---------+-------+
`,
		},
		{
			name: "every kind", view: Txn{full}, protobuf: full,
			simple:    "SUCCESS\n\nOK\n\nOK\n" + plainSimple + "\n" + plainSimple + oddSimple + "\n1\n\n",
			hexSimple: "SUCCESS\n\nOK\n\nOK\n" + plainHexSimple + "\n" + plainHexSimple + oddHexSimple + "\n1\n\n",
			fields: answeredFields + "\"Succeeded\" : true\n" + zero + zero + prev +
				zero + plain + odd + "\"More\" : false\n\"Count\" : 2\n" +
				zero + "\"Deleted\" : 1\n" + zero + "\"More\" : false\n\"Count\" : 0\n",
			hexFields: answeredHexFields + "\"Succeeded\" : true\n" + zero + zero + prevHex +
				zero + plainHex + oddHex + "\"More\" : false\n\"Count\" : 2\n" +
				zero + "\"Deleted\" : 1\n" + zero + "\"More\" : false\n\"Count\" : 0\n",
			json: "{" + answeredJSON + `,"succeeded":true,"responses":[` +
				`{"Response":{"response_put":` + part + `}}},` +
				`{"Response":{"response_put":` + part + `,"prev_kv":` + plainJSON + `}}},` +
				`{"Response":{"response_range":` + part + `,"kvs":[` + plainJSON + "," + oddJSON + `],"count":2}}},` +
				`{"Response":{"response_delete_range":` + part + `,"deleted":1}}},` +
				`{"Response":{"response_range":` + part + `}}}]}` + "\n",
			table: `+---------+----+--------------+-----------+------------+--------+-----------------+--------------+---------+------------------+
| BRANCH  | OP |   REQUEST    |  RESULT   |    KEY     | VALUE  | CREATE REVISION | MOD REVISION | VERSION |      LEASE       |
+---------+----+--------------+-----------+------------+--------+-----------------+--------------+---------+------------------+
| success |  1 |          put |        OK |            |        |                 |              |         |                  |
| success |  2 |          put |        OK |         /a |    one |               3 |            5 |       2 |                  |
| success |  3 |        range |   2 found |         /a |    one |               3 |            5 |       2 |                  |
| success |  3 |        range |   2 found | "k \"\xff" | "x\ny" |               4 |            4 |       1 | 2c6aa20445ec8547 |
| success |  4 | delete_range | 1 deleted |            |        |                 |              |         |                  |
| success |  5 |        range |   0 found |            |        |                 |              |         |                  |
+---------+----+--------------+-----------+------------+--------+-----------------+--------------+---------+------------------+
`,
		},
	} {
		t.Run(s.name, s.test)
	}
}
