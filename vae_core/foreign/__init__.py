"""Encoders and decoders from elsewhere, as ONNX: looked at, and run, in a process of their own."""
