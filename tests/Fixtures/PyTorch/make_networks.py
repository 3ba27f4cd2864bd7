"""
Writes networks with the names and the structure of nnU-Net v2's PlainConvUNet and of MONAI's DynUNet and BasicUNet, written anew for this test,
with an input and its logits: /usr/bin/python3 tests/Fixtures/PyTorch/make_networks.py (PyTorch 1.13, as Debian has it).
"""
import os

import torch
from torch import nn

folder = os.path.dirname(os.path.abspath(__file__))
FEATURES, KERNELS, STRIDES = (2, 4, 6), ((1, 3, 3), (3, 3, 3), (3, 3, 3)), ((1, 1, 1), (1, 2, 2), (2, 2, 2))


def padding(kernel):
    return tuple((length - 1) // 2 for length in kernel)


class ConvDropoutNormReLU(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride):
        super().__init__()
        self.conv = nn.Conv3d(inputs, outputs, kernel, stride, padding(kernel), bias=True)
        self.norm = nn.InstanceNorm3d(outputs, eps=1e-5, affine=True)
        self.nonlin = nn.LeakyReLU(0.01)
        # The same modules once more, so their weights stand twice in the state dictionary.
        self.all_modules = nn.Sequential(self.conv, self.norm, self.nonlin)

    def forward(self, x):
        return self.all_modules(x)


class StackedConvBlocks(nn.Module):
    def __init__(self, count, inputs, outputs, kernel, stride):
        super().__init__()
        self.convs = nn.Sequential(*[
            ConvDropoutNormReLU(inputs if i == 0 else outputs, outputs, kernel, stride if i == 0 else (1, 1, 1)) for i in range(count)])

    def forward(self, x):
        return self.convs(x)


class Encoder(nn.Module):
    def __init__(self, channels, counts):
        super().__init__()
        self.stages = nn.Sequential(*[
            nn.Sequential(StackedConvBlocks(counts[i], channels if i == 0 else FEATURES[i - 1], FEATURES[i], KERNELS[i], STRIDES[i]))
            for i in range(len(FEATURES))])

    def forward(self, x):
        skips = []
        for stage in self.stages:
            x = stage(x)
            skips.append(x)
        return skips


class Decoder(nn.Module):
    def __init__(self, encoder, classes, counts):
        super().__init__()
        self.encoder = encoder
        deepest = len(FEATURES) - 1
        self.transpconvs = nn.ModuleList([
            nn.ConvTranspose3d(FEATURES[i + 1], FEATURES[i], STRIDES[i + 1], STRIDES[i + 1], bias=True) for i in reversed(range(deepest))])
        self.stages = nn.ModuleList([
            StackedConvBlocks(counts[deepest - 1 - i], 2 * FEATURES[i], FEATURES[i], KERNELS[i], (1, 1, 1)) for i in reversed(range(deepest))])
        self.seg_layers = nn.ModuleList([nn.Conv3d(FEATURES[i], classes, 1) for i in reversed(range(deepest))])

    def forward(self, skips):
        x = skips[-1]
        for i in range(len(self.stages)):
            x = self.stages[i](torch.cat((self.transpconvs[i](x), skips[-(i + 2)]), 1))
        return self.seg_layers[-1](x)


class PlainConvUNet(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.encoder = Encoder(channels, (1, 2, 3))
        self.decoder = Decoder(self.encoder, classes, (2, 1))

    def forward(self, x):
        return self.decoder(self.encoder(x))


class Convolution(nn.Module):
    def __init__(self, conv):
        super().__init__()
        self.conv = conv

    def forward(self, x):
        return self.conv(x)


class UnetBasicBlock(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride):
        super().__init__()
        self.conv1 = Convolution(nn.Conv3d(inputs, outputs, kernel, stride, padding(kernel), bias=False))
        self.conv2 = Convolution(nn.Conv3d(outputs, outputs, kernel, 1, padding(kernel), bias=False))
        self.lrelu = nn.LeakyReLU(0.01)
        self.norm1 = nn.InstanceNorm3d(outputs, affine=True)
        self.norm2 = nn.InstanceNorm3d(outputs, affine=True)

    def forward(self, x):
        x = self.lrelu(self.norm1(self.conv1(x)))
        return self.lrelu(self.norm2(self.conv2(x)))


class UnetUpBlock(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride):
        super().__init__()
        self.transp_conv = Convolution(nn.ConvTranspose3d(inputs, outputs, stride, stride, bias=False))
        self.conv_block = UnetBasicBlock(2 * outputs, outputs, kernel, 1)

    def forward(self, x, skip):
        return self.conv_block(torch.cat((self.transp_conv(x), skip), 1))


class DynUNet(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        deepest = len(FEATURES) - 1
        self.input_block = UnetBasicBlock(channels, FEATURES[0], KERNELS[0], STRIDES[0])
        self.downsamples = nn.ModuleList([UnetBasicBlock(FEATURES[i - 1], FEATURES[i], KERNELS[i], STRIDES[i]) for i in range(1, deepest)])
        self.bottleneck = UnetBasicBlock(FEATURES[deepest - 1], FEATURES[deepest], KERNELS[deepest], STRIDES[deepest])
        self.upsamples = nn.ModuleList([UnetUpBlock(FEATURES[i + 1], FEATURES[i], KERNELS[i], STRIDES[i + 1]) for i in reversed(range(deepest))])
        self.output_block = nn.Module()
        self.output_block.conv = Convolution(nn.Conv3d(FEATURES[0], classes, 1, bias=True))
        # MONAI holds the blocks a second time, nested, and heads for deep supervision.
        self.skip_layers = nn.Module()
        self.skip_layers.downsample = self.input_block
        self.deep_supervision_heads = nn.ModuleList([nn.Conv3d(FEATURES[1], classes, 1)])

    def forward(self, x):
        skips = [self.input_block(x)]
        for block in self.downsamples:
            skips.append(block(skips[-1]))
        x = self.bottleneck(skips[-1])
        for block in self.upsamples:
            x = block(x, skips.pop())
        return self.output_block.conv(x)


class NormActivation(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.N = nn.InstanceNorm3d(channels, affine=True)

    def forward(self, x):
        return nn.functional.leaky_relu(self.N(x), 0.1)


class BasicConvolution(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv3d(inputs, outputs, 3, padding=1)
        self.adn = NormActivation(outputs)

    def forward(self, x):
        return self.adn(self.conv(x))


class TwoConv(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv_0 = BasicConvolution(inputs, outputs)
        self.conv_1 = BasicConvolution(outputs, outputs)

    def forward(self, x):
        return self.conv_1(self.conv_0(x))


class Down(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.convs = TwoConv(inputs, outputs)

    def forward(self, x):
        return self.convs(nn.functional.max_pool3d(x, 2))


class UpCat(nn.Module):
    def __init__(self, inputs, skip, outputs, halves):
        super().__init__()
        raised = inputs // 2 if halves else inputs
        self.upsample = nn.Module()
        self.upsample.deconv = nn.ConvTranspose3d(inputs, raised, 2, 2)
        self.convs = TwoConv(skip + raised, outputs)

    def forward(self, x, skip):
        return self.convs(torch.cat((skip, self.upsample.deconv(x)), 1))


class BasicUNet(nn.Module):
    def __init__(self, channels, classes, features):
        super().__init__()
        self.conv_0 = TwoConv(channels, features[0])
        for i in range(1, 5):
            setattr(self, f"down_{i}", Down(features[i - 1], features[i]))
        for i in (4, 3, 2):
            setattr(self, f"upcat_{i}", UpCat(features[i], features[i - 1], features[i - 1], True))
        self.upcat_1 = UpCat(features[1], features[0], features[5], False)
        self.final_conv = nn.Conv3d(features[5], classes, 1)

    def forward(self, x):
        skips = [self.conv_0(x)]
        for i in range(1, 5):
            skips.append(getattr(self, f"down_{i}")(skips[-1]))
        x = skips.pop()
        for i in (4, 3, 2, 1):
            x = getattr(self, f"upcat_{i}")(x, skips.pop())
        return self.final_conv(x)


def write(name, network, wrap, shape=(2, 2, 4, 8, 12)):
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        images = torch.randn(*shape)
        logits = network.eval()(images)
    torch.save(wrap(network.state_dict()), os.path.join(folder, f"{name}.pth"))
    torch.save({"images": images, "logits": logits}, os.path.join(folder, f"{name}_values.pth"))


write("plain_conv_unet", PlainConvUNet(2, 3), lambda state: {"network_weights": state, "trainer_name": "nnUNetTrainer"})
write("dyn_unet", DynUNet(2, 3), lambda state: state)
write("basic_unet", BasicUNet(2, 3, (2, 3, 4, 6, 8, 2)), lambda state: {"state_dict": state}, (1, 2, 16, 32, 16))
