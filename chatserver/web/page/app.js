const state = document.getElementById("state");
const address = new URL("/ws", location.href);
address.protocol = address.protocol.replace("http", "ws");
const socket = new WebSocket(address);
socket.onopen = () => { state.textContent = "connected"; };
socket.onclose = () => { state.textContent = "not connected"; };
