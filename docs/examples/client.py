"""A chat client: python3 client.py HOST PORT NAME PASSWORD; then type lines like: 2 hello"""

import json
import socket
import sys
import threading
import uuid

host, port, user, password = sys.argv[1:]
server = socket.create_connection((host, int(port))).makefile("rwb")


def send(**message: object) -> None:
    server.write(json.dumps(message).encode() + b"\n")  # in one piece: two threads send
    server.flush()


def send_what_is_typed() -> None:
    for to, _, text in (line.strip().partition(" ") for line in sys.stdin):
        send(msgid=5, toid=int(to) if to.isdecimal() else to, msg=text, cid=str(uuid.uuid4()))


send(msgid=3, name=user, password=password)  # register; refused if the name exists: no matter
send(msgid=1, name=user, password=password, device="example", ack=True)
threading.Thread(target=send_what_is_typed, daemon=True).start()
for line in server:
    match json.loads(line):
        case {"msgid": 2} | {"msgid": 11, "errmsg": _} as reply:
            print(reply.get("errmsg") or f"You are number {reply['id']}.", flush=True)
        case {"msgid": 5 | 9, "id": sender, "name": name, "msg": text, "conv": conv, "seq": seq}:
            print(f"{sender} {name}: {text}", flush=True)
            send(msgid=12, conv=conv, seq=seq)
        case {"msgid": 13}:
            send(msgid=14)
