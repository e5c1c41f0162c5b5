from twisted.application.service import ServiceMaker

chatserver = ServiceMaker(
    name="chatserver",
    module="chatserver.tap",
    description="A real-time chat server (JSON lines over TCP).",
    tapname="chatserver",
)
