"""Networks: plain `torch.nn.Module`s, configured by dataclasses, with no device and no file inside."""
