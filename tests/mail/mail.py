"""A mail server on loopback: aiosmtpd. Says where it listens, then every letter as a line of JSON; ends with its input."""

import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP


def say(event):
    print(json.dumps(event), flush=True)


class Letters:
    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        text = letter.get_body(("plain",)).get_content()
        subject = letter["subject"]
        say({"event": "letter", "to": envelope.rcpt_tos, "subject": subject, "text": text})
        return "250 OK"


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Letters()), "127.0.0.1", 0)
    say({"event": "listening", "port": server.sockets[0].getsockname()[1]})
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
